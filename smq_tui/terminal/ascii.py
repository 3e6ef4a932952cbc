"""The screen in plain ASCII, for terminals and fonts that have no more.

Every line passes here last, each character keeps its width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

__all__ = ["AsciiFilter", "in_ascii"]

_SIGNS: Final = {
    **dict.fromkeys("▸▶\u203a→", ">"),
    **dict.fromkeys("\u2039←", "<"),
    **dict.fromkeys("▴▲↑", "^"),
    **dict.fromkeys("▾▼↓", "v"),
    **dict.fromkeys("✓✔X", "x"),
    "●": "*",
    **dict.fromkeys("·•", "."),
    **dict.fromkeys("─━═▔▁╴╶", "-"),
    **dict.fromkeys("│┃║▏▎▕▍", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝┏┓┗┛", "+"),
    **dict.fromkeys("█▇▆", "#"),
    **dict.fromkeys("▅▄▌▋▊▉", "="),
    **dict.fromkeys("▃▂", "-"),
    "…": "~",
    "“": '"',
    "”": '"',
    "\u2019": "'",
    "≤": "<",
    "▁": "_",
}


def in_ascii(text: str) -> str:
    """Write a text in ASCII, each character as wide as it was; what has no likeness becomes `?`."""
    if text.isascii():
        return text
    return "".join(
        letter if letter.isascii() else _SIGNS.get(letter) or "?" * cell_len(letter) for letter in text
    )


class AsciiFilter(LineFilter):
    """Turns lines into ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """Turn the segments of a line into ASCII."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
