"""The page of faults says what the tests say."""

from __future__ import annotations

import re

from tests.matrix import PARTS
from tests.reliability import page


def rows_of(text: str) -> set[str]:
    cells = [
        re.split(r"(?<!\\)\|", line)[1].strip().replace("\\|", "|")
        for line in text.splitlines()
        if "|" in line
    ]
    return {cell for cell in cells if cell not in {"fault", "---"}}


def test_a_row_adds_up_its_tests_and_fails_with_one_of_them() -> None:
    base = {"row": "a | b", "part": PARTS[0], "promise": "p", "how": "h", "runs": 2, "fired": 1}
    records = [{**base, "test": "one", "outcome": "passed"}, {**base, "test": "two", "outcome": "failed"}]

    written = page(records, "# Head", ["fact"])

    assert "| a \\| b | p | h | 4 | 2 | **failed** | `one`<br>`two` |" in written
    assert rows_of(written) == {"a | b"}
