"""The few exceptions that the rules allow stay few, and each says why it is one."""

from __future__ import annotations

import ast
import re

from tests.architecture.source import FOLDERS, PACKAGES, SourceFile, parsed, source_files

BROAD_EXCEPTS = 5
MAY_BE_UNTYPED = "rows.py"
SUPPRESSION = re.compile(r"#\s*((ruff:\s*)?noqa|type:\s*ignore|pyright:\s*ignore)(?P<rest>.*)")
CODE_AND_REASON = re.compile(r":?\s*\[?[\w, -]*?\b[a-zA-Z]+[\w-]*\]?\s*(#|-|:)\s*\S+")


def test_at_most_five_places_catch_everything() -> None:
    """A handler's run, its error's text, a thread's loop, a dropped file, a dashboard worker: they report."""
    found = [place for file in source_files(*PACKAGES) for place in broad_excepts(file)]

    assert len(found) <= BROAD_EXCEPTS, found


def test_every_suppressed_finding_names_its_code_and_its_reason() -> None:
    assert [place for file in source_files(*FOLDERS) for place in bare_suppressions(file)] == []


def test_only_rows_may_give_up_types() -> None:
    outside = [file for file in source_files(*PACKAGES) if not file.path.endswith(f"/{MAY_BE_UNTYPED}")]

    assert [place for file in outside for place in untyped_imports(file)] == []


def test_a_broad_except_is_seen_in_each_form() -> None:
    forms = ["except Exception: ...", "except (KeyError, BaseException) as e: ...", "except: ..."]
    text = "\n".join(f"try: ...\n{form}" for form in forms)

    assert broad_excepts(parsed(text)) == ["example.py:2", "example.py:4", "example.py:6"]


def test_cleaning_up_and_raising_again_catches_nothing() -> None:
    assert broad_excepts(parsed("try: ...\nexcept BaseException:\n    close()\n    raise")) == []


def test_a_suppression_without_code_or_reason_is_seen() -> None:
    mark = "# no" + "qa"
    lines = ["x  " + mark, "x  " + mark + ": S608", "x  " + mark + ": S608 - only fixed fragments are joined"]

    assert bare_suppressions(parsed("\n".join(lines))) == ["example.py:1", "example.py:2"]


def broad_excepts(file: SourceFile) -> list[str]:
    """List the handlers that catch everything and do not raise it again."""
    handlers = [node for node in ast.walk(file.tree) if isinstance(node, ast.ExceptHandler)]
    return [file.at(handler) for handler in handlers if _is_broad(handler) and not _raises_again(handler)]


def bare_suppressions(file: SourceFile) -> list[str]:
    """List the comments that silence a check without saying which and why."""
    found = [(number, SUPPRESSION.search(line)) for number, line in enumerate(file.text.splitlines(), 1)]
    return [
        f"{file.path}:{number}" for number, hit in found if hit and not CODE_AND_REASON.match(hit["rest"])
    ]


def untyped_imports(file: SourceFile) -> list[str]:
    """List the imports of Any and cast."""
    imports = [
        node for node in ast.walk(file.tree) if isinstance(node, ast.ImportFrom) and node.module == "typing"
    ]
    return [file.at(node) for node in imports if {"Any", "cast"} & {alias.name for alias in node.names}]


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = [node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)]
    return not {"Exception", "BaseException"}.isdisjoint(names)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for statement in handler.body for node in ast.walk(statement))
