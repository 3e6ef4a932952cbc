"""Text made to take an exact number of cells of the terminal.

Widths are those of Rich, by which Textual places everything it paints: a different opinion on one emoji would
break the line that holds it.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len, set_cell_size

from smq_core.safe_text import CUT, cell

__all__ = ["fit"]

_CHARACTERS_A_CELL: Final = 4
"""Characters looked at for each cell: a letter with its marks has up to three, a flood of marks hundreds."""


def fit(text: str, width: int, *, is_number: bool = False) -> str:
    """Make a text safe, and exactly `width` cells wide: padded, or cut with a mark at its end.

    Numbers stand at the right, and are cut at the end too: without its first digits a figure would be a lie.
    """
    safe = cell(text, _CHARACTERS_A_CELL * width)
    taken = len(safe) if safe.isascii() else cell_len(safe)
    if taken > width:
        return _cut(safe, width)
    blanks = " " * (width - taken)
    return blanks + safe if is_number else safe + blanks


def _cut(text: str, width: int) -> str:
    if width < 1:
        return ""
    head = set_cell_size(text, width - 1)
    if text.startswith(head):
        return head + CUT
    # A wide character would not have fitted whole: the blank that stands for its half goes behind the mark.
    return head[:-1] + CUT + " "
