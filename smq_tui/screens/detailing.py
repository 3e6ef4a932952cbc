"""The details beside or over a list, and the chart below it.

They follow the cursor and are renewed with the data.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from textual import on

from smq_tui.figures.sparkline_series import Trail, at_last, continued, from_samples, total
from smq_tui.messages import Answered, Failed
from smq_tui.requests import Detail, DetailOf, SamplesOf
from smq_tui.screens.stage import SAMPLE_STEP_S, Stage
from smq_tui.values import State
from smq_tui.widgets.detail_pane import DetailPane
from smq_tui.widgets.detail_text import about_message
from smq_tui.widgets.keyed_table.table_messages import CursorMoved
from smq_tui.widgets.payload_text import PayloadView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.values import Message, TopicSample
    from smq_tui.widgets.detail_text import Pieces

__all__ = ["Detailing", "Room"]

_HOUR_S: Final = 3_600.0
_WEEK_S: Final = 7 * 24 * _HOUR_S
_LONG_STEP_S: Final = 600.0
_SMALL: Final = 4_096
"""Bytes of a payload up to which details are painted anew each second."""


class Room(enum.Enum):
    """How much of the screen the details have."""

    BESIDE = "beside"
    """A part at the side where the screen is wide, else nothing."""
    BELOW = "below"
    """The lower half."""
    ALL = "all"


class Detailing(Stage):
    """Details and chart."""

    room = Room.BESIDE
    payload_view = PayloadView.PRETTY
    detail: Detail | None = None
    """The message in the details, with all of its payload and history."""
    _chart_step: float | None = None

    @property
    def whole(self) -> Message | None:
        """The message in the details."""
        return None if self.detail is None else self.detail.message

    @property
    def is_detail_shown(self) -> bool:
        """True while one can see the details."""
        return self.pane.display

    def show_details(self) -> None:
        """Show the details of the cursor's row, over the list where there is no room beside it."""
        if not self.is_detail_shown:
            self.give_room(Room.ALL)
        self.pane.focus()
        self.details_changed()

    def hide_details(self) -> bool:
        """Go back from the details to the list; False when one is there."""
        if self.room is not Room.BESIDE or self.pane.has_focus:
            self.give_room(Room.BESIDE)
            self.focus_list()
            return True
        return False

    def labels(self) -> dict[str, str]:
        """Return what the key for payloads shows next."""
        return {"payload_view": self.payload_view.next.value, **super().labels()}

    def give_room(self, room: Room) -> None:
        """Give the details so much of the room."""
        # Only what changes is styled anew: a class of the screen would be looked up for all that it holds.
        self.room = room
        self.pane.set_class(room is Room.ALL, "-full")
        self.pane.set_class(room is Room.BELOW, "-below")
        self.list_box.display = room is not Room.ALL
        self.stage_box.styles.layout = "vertical" if room is Room.BELOW else "horizontal"
        self.show_row_lines()

    def toggle_details(self) -> None:
        """Show the details, or go back to the list."""
        if not self.hide_details():
            self.show_details()

    def details_changed(self) -> None:
        """Show the cursor's row, or ask for it."""
        if not self.is_detail_shown:
            self.detail = None
            return
        about = self.view.details()
        if isinstance(about, DetailOf):
            if self.whole is not None and self.whole.id != about.id:
                self.detail = None
            self.ask(about)
        else:
            self.detail = None
            pieces = (
                about
                if isinstance(about, list)
                else [("Looking…" if self.view.is_being_read else "Nothing is chosen.", "$foreground 65%")]
            )
            self._paint(self.view.table.cursor_key, pieces)
        self._draw_chart()

    def paint_message(self) -> None:
        """Paint the message in the details anew, as time passes or as it is to be seen otherwise."""
        if self.detail is not None:
            pieces = about_message(
                self.detail,
                now=self.context.now,
                view=self.payload_view,
                workers=self.context.workers,
                width=self.pane.scrollable_content_region.width,
            )
            self._paint(self.detail.message.id, pieces)

    def toggle_chart(self) -> None:
        """Show an hour, a week, nothing."""
        if self.has_class("-short"):
            self.say("the chart needs a terminal of 20 lines", "warning")
            return
        self._see_chart({None: SAMPLE_STEP_S, SAMPLE_STEP_S: _LONG_STEP_S}.get(self._chart_step))

    def hide_chart(self) -> bool:
        """Close the chart; False when there is none."""
        was_open = self._chart_step is not None
        self._see_chart(None)
        return was_open

    def _see_chart(self, step: float | None) -> None:
        self._chart_step = step
        self.chart.set_class(step is not None, "-open")
        self._draw_chart()

    @on(CursorMoved)
    def _follow_cursor(self) -> None:
        self.show_row_lines()
        self.details_changed()
        self._draw_chart()

    @on(DetailPane.Resized)
    def _fit_message(self) -> None:
        """Fit the message to the width; ask for it where the details have just come into view."""
        if self.detail is None:
            self.details_changed()
        else:
            self.paint_message()

    @on(Answered)
    def _take_detail(self, event: Answered) -> None:
        match event.request, event.value:
            case DetailOf(id=wanted), Detail() as found if wanted == self.view.table.cursor_key:
                self.detail = found
                self.paint_message()
            case SamplesOf(step=step, since=since), list(samples):
                if step == self._chart_step and self.context.now - since > _HOUR_S / 2:
                    self._take_chart(samples, step, since)
                else:
                    self.take_samples(samples)

    @on(Failed)
    def _take_detail_failure(self, event: Failed) -> None:
        if isinstance(event.request, DetailOf) and event.request.id == self.view.table.cursor_key:
            self.detail = None
            self._paint(event.request.id, [(event.sentence, "$text-warning")])

    def _tick(self) -> None:
        super()._tick()
        if not self.is_detail_shown or self.session.is_frozen:
            return
        if self.whole is None:
            about = self.view.details()
            if isinstance(about, list):
                self._paint(self.view.table.cursor_key, about)
        elif self.whole.state is State.PROCESSING and self.whole.size < _SMALL:
            self.paint_message()

    def _paint(self, subject: object, pieces: Pieces) -> None:
        self.pane.show((self.current, subject), pieces)

    def _draw_chart(self) -> None:
        step = self._chart_step
        if step is None:
            return
        span = _HOUR_S if step == SAMPLE_STEP_S else _WEEK_S
        topics = self.view.topics_meant()
        self.ask(SamplesOf(step, self.context.now - span, topics[0] if len(topics) == 1 else None))

    def _take_chart(self, samples: Sequence[TopicSample], step: float, since: float) -> None:
        topics = self.view.topics_meant()
        trails = from_samples(samples, step)
        is_hour = step == SAMPLE_STEP_S
        title = topics[0] if len(topics) == 1 else "all topics"
        key = self.keys.get("chart", "m")
        keys = f"{key}: 7 days  Esc: off" if is_hour else f"{key}: off"
        if not trails:
            title += " as seen here"
        trails = continued(trails, self.context.trails)
        if self.context.snapshot is not None:
            trails = continued(trails, at_last(self.context.snapshot))
        trail = trails.get(topics[0], Trail()) if len(topics) == 1 else total(trails, step)
        title += ", 1 hour" if is_hour else ", 7 days"
        self.chart.show(title, keys, trail, since, self.context.now)
