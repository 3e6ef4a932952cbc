"""A box to tick whose sign tells whether it is ticked, without colour."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox

from smq_core.safe_text import cell

__all__ = ["Tick"]


class Tick(Checkbox):
    """A box to tick."""

    BUTTON_INNER = " "

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(Content(cell(label)), id=id, compact=True)

    def watch_value(self) -> None:
        """Show the sign."""
        self.BUTTON_INNER = "x" if self.value else " "
        super().watch_value()
