"""Where the details of a row are shown: pieces of safe text, scrolled, wrapped or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from smq_tui.widgets.detail_text import Pieces

__all__ = ["DetailPane"]


class DetailPane(VerticalScroll, can_focus=True):
    """Details, which keep their place while they are renewed."""

    DEFAULT_CSS = """
    DetailPane {
        background: $surface;
        border-left: solid $panel;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;

        &:focus { border-left: solid $accent; }
        & > Static { width: 100%; height: auto; }
        &.-cut { overflow-x: auto; }
        &.-cut > Static { width: auto; text-wrap: nowrap; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._subject: object = None
        self._pieces: Pieces = []

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(text for text, _ in self._pieces)

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        yield Static("", markup=False)

    def show(self, subject: object, pieces: Pieces) -> None:
        """Show pieces about a subject; another subject begins at the top."""
        if pieces != self._pieces:
            self._pieces = pieces
            self.query_one(Static).update(Content.assemble(*((text, style) for text, style in pieces)))
        if subject != self._subject:
            self._subject = subject
            self.scroll_home(animate=False)

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.toggle_class("-cut")
