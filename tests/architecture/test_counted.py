"""Numbers agree with their words: `1 line`, `2 lines`. Whoever counts in a text uses `format.counted`."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from smq_core.format import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = sorted(
    path for package in ("smq_tui", "smq_core", "smq_daemon") for path in (ROOT / package).rglob("*.py")
)
NUMBERS: Final = {"count", "len", "sum"}
"""What an f-string calls to write a number."""
AGREES: Final = re.compile(
    r"^ (?:(?:of them|more|others|new|dead|finished|blank|unfinished|ready) )*"
    r"(?:[a-z]+s\b(?! )|[a-z]+s |are|were|have|stay|wait|match|do|hold|run|make)\b"
)
"""What follows a number and is another word after a one."""
UNCHANGING: Final = {"bytes", "is", "was", "has", "as", "its", "s", "this", "less", "always", "needs"}


def mistaken(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the words of each number whose words do not agree with a one."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            is_number = (
                isinstance(value, ast.FormattedValue)
                and isinstance(value.value, ast.Call)
                and ast.unparse(value.value.func) in NUMBERS
            )
            words = text.value if isinstance(text, ast.Constant) else ""
            found = AGREES.match(str(words)) if is_number else None
            if found and found.group().split()[-1] not in UNCHANGING:
                yield node.lineno, f"{ast.unparse(value)}{found.group()}"


def test_numbers_agree_with_their_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in SOURCES
        for line, words in mistaken(path.read_text())
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "f'{count(n)} lines'",
        "f'{len(ids)} are left'",
        "f'{count(n)} dead letters, so'",
        "f'a {count(n)} wait'",
    ],
)
def test_a_number_that_does_not_agree_is_found(text: str) -> None:
    assert list(mistaken(text))


@pytest.mark.parametrize("text", ["f'{count(n)} of them'", "f'{count(n)} rejected'", "f'{len(data)} bytes'"])
def test_what_agrees_with_any_number_is_not(text: str) -> None:
    assert not list(mistaken(text))


def test_counted_takes_the_form_of_the_number() -> None:
    assert counted(1, "line") == "1 line"
    assert counted(0, "line") == "0 lines"
    assert counted(1_204, "lease is", "leases are") == "1,204 leases are"
