"""The page of faults has the rows that the tests mark, in the same words, and no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.matrix import FIELDS, PARTS
from tests.reliability import page

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"


Row = tuple[str, ...]
"""The fault, the promise, and how the fault is injected."""


def marked_rows() -> set[Row]:
    """Read the rows out of the marks in the source of the tests."""
    return {row for source in TESTS.rglob("*.py") for row in _marks(ast.parse(source.read_text("utf-8")))}


def _marks(tree: ast.Module) -> Iterator[Row]:
    texts = {
        ast.unparse(statement.targets[0]): str(statement.value.value)
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if set(given) == set(FIELDS):
                yield tuple(_text(given[name], texts) for name in ("row", "promise", "how"))


def _text(value: ast.expr, texts: dict[str, str]) -> str:
    """Return a text that a mark gives, or the constant of its module that it names."""
    return texts[value.id] if isinstance(value, ast.Name) else str(ast.literal_eval(value))


def rows_of(text: str) -> set[Row]:
    rows = [
        tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:4])
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return {row for row in rows if row[0] not in {"fault", "---"}}


def test_the_page_has_each_row_that_a_test_marks_and_no_other() -> None:
    assert {row for row, *_ in rows_of(PAGE.read_text(encoding="utf-8"))} == {
        row for row, *_ in marked_rows()
    }


def test_each_row_of_the_page_has_the_words_of_a_mark() -> None:
    assert rows_of(PAGE.read_text(encoding="utf-8")) - marked_rows() == set()


def test_a_row_adds_up_its_tests_and_fails_with_one_of_them() -> None:
    base = {"row": "a | b", "part": PARTS[0], "promise": "p", "how": "h", "runs": 2, "fired": 1}
    records = [
        {**base, "test": "a.py::one", "outcome": "passed"},
        {**base, "test": "a.py::two", "outcome": "passed"},
        {**base, "test": "b.py::three", "outcome": "failed"},
    ]

    written = page(records, "# Head", ["fact"])

    assert "| a \\| b | p | h | 6 | 3 | **failed** | `a.py`<br>`b.py` |" in written
    assert rows_of(written) == {("a | b", "p", "h")}
