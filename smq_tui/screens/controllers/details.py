"""The details beside, below or over a list: they follow the cursor and are renewed with the data."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from smq_tui.requests import Detail, DetailOf
from smq_tui.screens.list_and_details import DetailSize, ListAndDetails
from smq_tui.values import State
from smq_tui.widgets.detail_text import about_message
from smq_tui.widgets.payload_text import PayloadView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.screens.host import ViewHost
    from smq_tui.widgets.detail_text import Pieces

__all__ = ["Details"]

_BESIDE: Final = "the details are next to the list: press d to hide them"
_SMALL: Final = 4_096
"""Bytes of a payload up to which details are painted again each second."""


class Details:
    """What the details show, how, and in how much room."""

    def __init__(self, host: ViewHost, body: ListAndDetails) -> None:
        """Show details in the body's pane."""
        self._host = host
        self._body = body
        self._pane = body.pane
        self.payload_view = PayloadView.PRETTY
        self.detail: Detail | None = None
        """The message in the details, with all of its payload and history."""
        self.actions: Mapping[str, Callable[[], object]] = {
            "details": self.toggle,
            "pane_size": self.resize,
            "next_pane": self.focus_next_pane,
            "wrap": self.toggle_wrap,
            "payload_view": self.turn_payload_view,
        }

    @property
    def is_shown(self) -> bool:
        """True while one can see the details."""
        return self._pane.display

    def show(self) -> None:
        """Show the details of the cursor's row, over the list if there is no room next to it."""
        if not self.is_shown:
            self._resize(DetailSize.ALL)
        self._pane.focus()
        self.update()

    def hide(self) -> bool:
        """Go back from the details to the list; False when the list has the focus already."""
        if self._body.details_size is not DetailSize.BESIDE or self._pane.has_focus:
            self._resize(DetailSize.BESIDE)
            self._host.focus_list()
            return True
        return False

    def uncover_list(self) -> None:
        """Show the list again where the details are all that is shown."""
        if self._body.details_size is DetailSize.ALL:
            self._resize(DetailSize.BESIDE)

    def toggle(self) -> None:
        """Show the details, next to the list if it is wide enough, or hide them."""
        pane, body = self._pane, self._body
        if body.details_size is not DetailSize.BESIDE:
            self.hide()
            if self.is_shown:
                self._host.say(_BESIDE)
        elif self.is_shown:
            pane.remove_class("-half")
            self._host.focus_list()
            self._host.say("the details are hidden: press d to show them")
        elif body.has_room_beside:
            pane.add_class("-half")
            self._host.say(_BESIDE)
        else:
            self._resize(DetailSize.ALL)
            pane.focus()
        self.update()

    def resize(self) -> None:
        """Give the details half of the room, all, none."""
        pane = self._pane
        if self._body.details_size is DetailSize.ALL:
            self._resize(DetailSize.BESIDE)
            pane.remove_class("-half")
            self._host.focus_list()
        elif pane.display:
            self._resize(DetailSize.ALL)
            pane.focus()
        elif self._body.has_room_beside:
            pane.add_class("-half")
            self._host.say(_BESIDE)
        else:
            self._resize(DetailSize.BELOW)
        self.update()

    def focus_next_pane(self) -> None:
        """Go between the list and the details."""
        has_list_focus = self._host.view.table.has_focus
        if has_list_focus and self.is_shown:
            self._pane.focus()
        elif has_list_focus:
            self._host.say("there is only one pane: press d to show the details")
        else:
            self._host.focus_list()

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self._pane.toggle_wrap()
        how = "cut" if self._pane.has_class("-cut") else "wrapped"
        self._host.say(
            f"long lines in the details are {how}" + (": press d to show them" * (not self.is_shown))
        )

    def turn_payload_view(self) -> None:
        """Show the payload pretty, raw or in hexadecimal."""
        self.payload_view = self.payload_view.next
        if self.detail is None or not self.is_shown:
            self._host.say("payloads appear in a message's details: press d", "warning")
        self._paint_message()
        self._host.show_row_lines()

    def update(self) -> None:
        """Show the cursor's row, or ask for it."""
        if not self.is_shown:
            self.detail = None
            return
        view = self._host.view
        about = view.details()
        if isinstance(about, DetailOf):
            if self.detail is not None and self.detail.message.id != about.id:
                self.detail = None
            take, fail = partial(self._take, about.id), partial(self._fail, about.id)
            self._host.ask(about, Detail, take, failed=fail)
        else:
            self.detail = None
            nothing = "Looking…" if view.is_being_read else "Nothing is chosen."
            pieces = about if isinstance(about, list) else [(nothing, "$foreground 65%")]
            self._paint(view.table.cursor_key, pieces)

    def fit(self) -> None:
        """Fit the message to the width; ask for it where the details have just come into view."""
        if self.detail is None:
            self.update()
        else:
            self._paint_message()

    def tick(self) -> None:
        """Let the ages in the details grow."""
        if not self.is_shown:
            return
        if self.detail is None:
            view = self._host.view
            about = view.details()
            if isinstance(about, list):
                self._paint(view.table.cursor_key, about)
        else:
            message = self.detail.message
            if message.state is State.PROCESSING and message.size < _SMALL:
                self._paint_message()

    def _resize(self, size: DetailSize) -> None:
        self._body.resize_details(size)
        self._host.show_row_lines()

    def _take(self, wanted: int, found: Detail) -> None:
        """Show a message, unless the cursor has moved to another."""
        if wanted == self._host.view.table.cursor_key:
            self.detail = found
            self._paint_message()

    def _fail(self, wanted: int, sentence: str) -> None:
        if wanted == self._host.view.table.cursor_key:
            self.detail = None
            self._paint(wanted, [(sentence, "$text-warning")])

    def _paint_message(self) -> None:
        if self.detail is not None:
            context = self._host.context
            pieces = about_message(
                self.detail,
                now=context.now,
                view=self.payload_view,
                workers=context.workers,
                width=self._pane.scrollable_content_region.width,
            )
            self._paint(self.detail.message.id, pieces)

    def _paint(self, subject: object, pieces: Pieces) -> None:
        self._pane.show((self._host.current, subject), pieces)
