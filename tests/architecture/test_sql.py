"""SQL stands in .sql files and, for operators' filters, in filters.py: there it can be read and explained."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source import PACKAGES, SourceFile, docstring_node, parsed, source_files

if TYPE_CHECKING:
    from collections.abc import Iterator

FILTERS = {"smq_core/store/sqlite/queries/filter_sql.py", "smq_core/store/sqlite/queries/eligible_sql.py"}
BACKEND = ("smq_core/legacy/", "smq_core/store/sqlite/")
STATEMENT = re.compile(
    r"(^|;)\s*(SELECT\b|WITH\b.+\bSELECT\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|REPLACE\s+INTO\b|UPDATE\s+\S+\s+SET\b"
    r"|DELETE\s+FROM\b|(CREATE|DROP|ALTER)\s+(TEMP\s+|UNIQUE\s+)*(TABLE|INDEX|TRIGGER|VIEW)\b"
    r"|(WHERE|AND|OR|HAVING|ORDER\s+BY|GROUP\s+BY|LIMIT)\b)",
    re.DOTALL,
)
CONTROL = re.compile(
    r"^\s*(PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|VACUUM|ATTACH|DETACH|REINDEX|ANALYZE)\b"
)


def test_statements_stand_in_sql_files_and_filters_only() -> None:
    found = [
        place
        for file in source_files(*PACKAGES)
        if file.path not in FILTERS
        for place in matches(file, STATEMENT)
    ]

    assert found == []


def test_only_the_sqlite_backend_controls_connections_and_transactions() -> None:
    outside = [file for file in source_files(*PACKAGES) if not file.path.startswith(BACKEND)]

    assert [place for file in outside for place in matches(file, CONTROL)] == []


@pytest.mark.parametrize(
    "text",
    [
        'run("SELECT id FROM smq_messages")',
        'run(f"DELETE FROM {table}")',
        'run("UPDATE t SET "\n    "a = 1")',
        'run("CREATE UNIQUE INDEX i ON t(a)")',
        'add(f"WHERE {column} = ?")',
    ],
)
def test_a_statement_is_seen_in_plain_joined_and_formatted_strings(text: str) -> None:
    assert matches(parsed(text), STATEMENT) == ["example.py:1"]


def test_docstrings_and_prose_are_no_statements() -> None:
    text = (
        '"""SELECT id FROM smq_messages."""\nsay("use another process, or INSERT INTO smq_messages(topic)")'
    )

    assert matches(parsed(text), STATEMENT) == []


def matches(file: SourceFile, pattern: re.Pattern[str]) -> list[str]:
    """List the strings of a file, docstrings aside, in which a pattern is found."""
    return [file.at(node) for node, text in _strings(file) if pattern.search(text)]


def _strings(file: SourceFile) -> Iterator[tuple[ast.AST, str]]:
    nodes = list(ast.walk(file.tree))
    passed_over: set[ast.AST | None] = {docstring_node(node) for node in nodes}
    passed_over |= {
        part
        for node in nodes
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield node, "".join(_shown(part) for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in passed_over:
            yield node, node.value


def _shown(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "placeholder"
