"""The page of faults says what the tests say: every marked row stands on it, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.matrix import FIELDS, PARTS
from tests.reliability import page

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"


def marked_rows() -> set[str]:
    """Read the rows out of the marks in the source of the tests."""
    calls = [
        node
        for source in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault"
    ]
    given = [{keyword.arg: keyword.value for keyword in call.keywords} for call in calls]
    return {ast.literal_eval(keywords["row"]) for keywords in given if set(keywords) == set(FIELDS)}


def rows_of(text: str) -> set[str]:
    cells = [
        re.split(r"(?<!\\)\|", line)[1].strip().replace("\\|", "|")
        for line in text.splitlines()
        if "|" in line
    ]
    return {cell for cell in cells if cell not in {"fault", "---"}}


def test_the_page_has_each_row_that_a_test_marks_and_no_other() -> None:
    assert rows_of(PAGE.read_text(encoding="utf-8")) == marked_rows()


def test_a_row_adds_up_its_tests_and_fails_with_one_of_them() -> None:
    base = {"row": "a | b", "part": PARTS[0], "promise": "p", "how": "h", "runs": 2, "fired": 1}
    records = [{**base, "test": "one", "outcome": "passed"}, {**base, "test": "two", "outcome": "failed"}]

    written = page(records, "# Head", ["fact"])

    assert "| a \\| b | p | h | 4 | 2 | **failed** | `one`<br>`two` |" in written
    assert rows_of(written) == {"a | b"}
