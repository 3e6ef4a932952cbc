"""Where the details of a row are shown: pieces of safe text, scrolled, wrapped or cut."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from smq_tui.widgets.keyed_table.table_bindings import TABLE_BINDINGS

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from smq_tui.widgets.detail_text import Pieces

__all__ = ["DetailPane"]

_MOST_HITS: Final = 1_000


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

    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in TABLE_BINDINGS
        if isinstance(binding, Binding) and binding.id != "table.cancel_range"
    ]
    """The keys of the list: those that move scroll here, the others are explained."""

    class Resized(Message):
        """It has another width."""

    class ListKeyPressed(Message):
        """A key was pressed that only the list has something to do for."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._subject: object = None
        self._pieces: Pieces = []
        self._words = ""
        self._hit = -1

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(text for text, _ in self._pieces)

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        yield Static("", markup=False)

    def show(self, subject: object, pieces: Pieces) -> None:
        """Show pieces about a subject; another subject begins at the top."""
        is_another = subject != self._subject
        if is_another:
            self._subject = subject
            self._words, self._hit = "", -1
        if pieces != self._pieces or is_another:
            self._pieces = pieces
            self._paint()
        if is_another:
            self.scroll_home(animate=False)

    def on_resize(self) -> None:
        """Let those who know what it says fit it to the width."""
        self.post_message(self.Resized())

    def find(self, words: str, by: int) -> tuple[int, int]:
        """Go to the next place that has these words, round at the end; return its number, and of how many."""
        hits = self._places(words)
        if not hits:
            self._words, self._hit = "", -1
        elif words != self._words:
            self._words, self._hit = words, 0 if by > 0 else len(hits) - 1
        else:
            self._hit = (self._hit + by) % len(hits)
        self._paint()
        if hits:
            self._scroll_to_end_of(hits[self._hit] + len(words))
        return self._hit + 1, len(hits)

    def action_move(self, where: str) -> None:
        """Scroll."""
        scrolls = {
            "up": self.action_scroll_up,
            "down": self.action_scroll_down,
            "start": self.action_scroll_home,
            "end": self.action_scroll_end,
            "page_up": self.action_page_up,
            "page_down": self.action_page_down,
        }
        scrolls[where]()

    def action_shift_columns(self, by: int) -> None:
        """Scroll to the side."""
        if by > 0:
            self.action_scroll_right()
        else:
            self.action_scroll_left()

    def action_toggle_mark(self) -> None:
        """Explain that the list has not the focus."""
        self.post_message(self.ListKeyPressed())

    def action_extend(self, by: int) -> None:  # noqa: ARG002 - the list's
        """Explain that the list has not the focus."""
        self.post_message(self.ListKeyPressed())

    action_toggle_range = action_clear_marks = action_activate = action_toggle_mark

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.toggle_class("-cut")

    def _paint(self) -> None:
        content = Content.assemble(*((text, style) for text, style in self._pieces))
        for number, at in enumerate(self._places(self._words)):
            style = "bold reverse" if number == self._hit else "underline"
            content = content.stylize(style, at, at + len(self._words))
        self.query_one(Static).update(content)

    def _places(self, words: str) -> list[int]:
        if not words:
            return []
        found = re.finditer(re.escape(words), self.text, re.IGNORECASE)
        return [place.start() for place in islice(found, _MOST_HITS)]

    def _scroll_to_end_of(self, end: int) -> None:
        """Bring a place of the text into view, with something of what stands above it."""
        static = self.query_one(Static)
        width = static.size.width
        above = Content(self.text[:end])
        line = above.get_height({}, width) if width and not self.has_class("-cut") else len(above.split())
        self.scroll_to(y=max(0, line - 1 - self.size.height // 3), animate=False)
