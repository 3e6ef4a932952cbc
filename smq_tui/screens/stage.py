"""The screen around the six views.

Its lines, which view is shown, and how the newest snapshot reaches all of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual import on
from textual.containers import Horizontal, Vertical
from textual.events import ScreenSuspend
from textual.reactive import Reactive
from textual.screen import Screen

from smq_tui.figures.snapshot import Snapshot, aged, derive, later
from smq_tui.figures.sparkline_series import Trail, from_readings, from_samples
from smq_tui.messages import Asked, Refreshed
from smq_tui.requests import SamplesOf
from smq_tui.screens import status_lines
from smq_tui.screens.context import Context
from smq_tui.screens.filter_bar import FilterBar
from smq_tui.screens.views.activity_view import ActivityView
from smq_tui.screens.views.dead_view import DeadView
from smq_tui.screens.views.leases_view import LeasesView
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.screens.views.topics_view import TopicsView
from smq_tui.screens.views.workers_view import WorkersView
from smq_tui.widgets.chart import Chart
from smq_tui.widgets.detail_pane import DetailPane
from smq_tui.widgets.keyed_table.table_rows import Tone
from smq_tui.widgets.message_line import SaidLine
from smq_tui.widgets.status_bar import PartsLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult
    from textual.notifications import SeverityLevel
    from textual.widget import Widget

    from smq_tui.requests import Request
    from smq_tui.screens.views.view import View
    from smq_tui.settings.session import Session
    from smq_tui.values import Clock, TopicSample

__all__ = ["SAMPLE_STEP_S", "Stage"]

SAMPLE_STEP_S: Final = 10.0
_TRAIL_S: Final = 600.0
_SAMPLES_EVERY_S: Final = 10.0
_ALL_TABS: Final = 64
"""Cells that the names of all six screens need."""
_VIEWS: Final = {
    "topics": TopicsView,
    "messages": MessagesView,
    "leases": LeasesView,
    "dead": DeadView,
    "workers": WorkersView,
    "activity": ActivityView,
}


class Stage(Screen[None]):
    """Lines, views, details."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide"), (150, "-roomy")]  # noqa: RUF012 - theirs is no ClassVar
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - theirs is no ClassVar
    DEFAULT_CSS = """
    Stage {
        background: $surface;
        layout: vertical;

        & #masthead { background: $panel; }
        & #tabs { background: $panel; }
        & #keys { background: $panel; }
        & #stage { height: 1fr; }
        & #views { width: 1fr; }
        & #detail { width: 38%; max-width: 76; display: none; }
        &.-wide #detail.-half, &.-roomy #detail.-half { display: block; }
        &.-wide #detail.-half.-when-roomy { display: none; }
        &.-wide #detail.-half.-when-asked, &.-roomy #detail.-half.-when-asked { display: none; }
        & #detail.-full, & #detail.-below { display: block !important; width: 1fr; max-width: 100%; }
        & #detail.-full { border-left: none; }
        & #detail.-below { height: 1fr; }
        & #detail.-below { border-left: none; border-top: solid $panel; }
        &.-short #totals { display: none; }
        &.-short #chart { display: none; }
    }
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Who has the focus. Those that look different by it paint themselves, not the whole screen."""

    def __init__(self, session: Session, clock: Clock, keys: Mapping[str, str]) -> None:
        super().__init__()
        self.session = session
        self.clock = clock
        self.keys = keys
        """The keys that are shown, by the ids of actions."""
        self.context = Context(now=clock.now_ms() / 1000, location=session.location)
        self.views: dict[str, View] = {name: kind(name) for name, kind in _VIEWS.items()}
        self.masthead = PartsLine(id="masthead")
        self.totals = PartsLine(id="totals")
        self.notice = PartsLine(id="notice")
        self.tabs = PartsLine(id="tabs")
        self.key_bar = PartsLine(id="keys")
        self.said = SaidLine()
        self.pane = DetailPane(id="detail")
        self.list_box = Vertical(id="views")
        self.stage_box = Horizontal(id="stage")
        self.chart = Chart()
        self.filter_bar = FilterBar()
        self.current = "topics"
        self.progress = ""
        """What runs for long at the moment."""
        self._trouble = ""
        self._read: Snapshot | None = None
        """As it was read; what is shown of it is as old as the moment at which it is shown."""
        self._seen_at = clock.monotonic()
        self._samples: dict[str, Trail] = {}
        self._samples_at: float | None = None

    def compose(self) -> ComposeResult:
        """Yield the lines above, the views, the details, the lines below."""
        yield from (self.masthead, self.totals, self.notice, self.tabs)
        with self.stage_box:
            with self.list_box:
                yield from self.views.values()
            yield self.pane
        yield from (self.chart, self.filter_bar, self.said, self.key_bar)

    def on_mount(self) -> None:
        """Show the first view, and let the seconds go on."""
        self.show_view(self.current)
        self.set_interval(1.0, self._tick)
        self._ask_for_samples()

    @property
    def view(self) -> View:
        """The view that is shown."""
        return self.views[self.current]

    @property
    def stale_s(self) -> float:
        """How long ago what is shown was read."""
        return max(0.0, self.clock.monotonic() - self._seen_at)

    def show_view(self, name: str) -> None:
        """Show one of the six; its list has the focus."""
        self.current = name
        self.filter_bar.close()
        # Between 120 and 150 columns trails, and who did what, need the room more than details do.
        self.pane.set_class(name in ("topics", "activity"), "-when-roomy")
        # A group of dead letters is its error, which needs the room more than details do.
        self.pane.set_class(name == "dead", "-when-asked")
        self.view.display = True
        self.focus_list()
        for view in self.views.values():
            view.is_current = view is self.view
            view.display = view.is_current
        self.view.enter()
        self.view.renew()
        self.view.show(self.context)
        self.show_lines()
        self.details_changed()

    def focus_list(self) -> None:
        """Give the list the focus at once: were another hidden first, all would be painted twice."""
        self.set_focus(self.view.table, scroll_visible=False)

    def ask(self, request: Request) -> None:
        """Ask the gateway; the answer comes back here."""
        self.post_message(Asked(self, request))

    def say(self, sentence: str, severity: SeverityLevel = "information") -> None:
        """Show the operator something, for some seconds, in the place of what was told before."""
        self.said.say(sentence, Tone.PLAIN if severity == "information" else Tone.WARNING)

    def details_changed(self) -> None:
        """Take note that the cursor's row, or what is known of it, is another."""

    def show_lines(self) -> None:
        """Bring the lines around the view up to date."""
        stale_s = self.stale_s
        self.masthead.show(status_lines.masthead(self.session, self.context, self._trouble, stale_s))
        self.totals.show(status_lines.totals(self.context))
        self.notice.show(status_lines.notice(self.context, self._trouble, stale_s, self.progress))
        self.tabs.show(status_lines.tabs(self.current, is_short=0 < self.size.width < _ALL_TABS))
        self.show_row_lines()

    def show_row_lines(self) -> None:
        """Bring the lines that are about the chosen row up to date: what it says in full, and the keys."""
        is_in_details = self.pane.display and not self.list_box.display
        self.said.hint(*(("", Tone.MUTED) if self.pane.display else self.view.hint()))
        hints = status_lines.keys_worth_showing(self.context, self.view.HINTS, is_in_details=is_in_details)
        self.key_bar.show(status_lines.key_parts(hints, self.keys, self.session.why_no_change, self.labels()))

    def labels(self) -> dict[str, str]:
        """Return what keys do at the moment where that is another thing than their name says."""
        return {"leave": "quit" if self.current == "topics" else "back", **self.view.labels()}

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Show a snapshot in every view."""
        self._read = snapshot
        own = from_readings(snapshot.history, max(SAMPLE_STEP_S, self.session.interval) * 2.5)
        trails = {topic: self._samples.get(topic, trail) for topic, trail in own.items()}
        now = self.clock.now_ms() / 1000
        self.context = Context(
            snapshot=aged(snapshot, now),
            now=now,
            trails=trails,
            trouble=self._trouble,
            location=self.session.location,
        )
        self._show_context()

    def take_samples(self, samples: Sequence[TopicSample]) -> None:
        """Draw trails from a daemon's samples."""
        self._samples = from_samples(samples, SAMPLE_STEP_S)
        if self._read is not None:
            self.take_snapshot(self._read)

    @on(ScreenSuspend)
    def _fall_silent(self) -> None:
        """Take back what was said before a dialog opens: it is not about that."""
        self.said.clear()

    @on(Refreshed)
    def _take_refresh(self, event: Refreshed) -> None:
        if self.session.is_frozen and self.context.snapshot is not None:
            return
        self._trouble = event.trouble
        if event.reading is None:
            self._show_again()
            return
        self._seen_at = self.clock.monotonic()
        if event.has_changed:
            # Asked for first, the rows of before are not judged by the new time.
            self.view.renew()
        self.take_snapshot(derive(self._read, event.reading))
        if event.has_changed:
            self.details_changed()

    def _tick(self) -> None:
        """Let ages go on, and rates fall to nothing when nobody writes."""
        if self.session.is_frozen:
            self.show_lines()
            return
        snapshot = self._read
        now = self.clock.now_ms() / 1000
        is_quiet = snapshot is not None and now - snapshot.reading.at >= 2 * self.session.interval
        if snapshot is not None and is_quiet and not self._trouble and _is_moving(snapshot):
            self.take_snapshot(derive(snapshot, later(snapshot.reading, now)))
        else:
            self._show_again()
        self._ask_for_samples()

    def _show_again(self) -> None:
        """Let what is known grow older; while nothing can be read it is of the last moment that was shown."""
        now = self.clock.now_ms() / 1000
        if self._read is None:
            self.context = replace(self.context, now=now, trouble=self._trouble)
        elif self._trouble:
            self.context = replace(self.context, trouble=self._trouble)
        else:
            self.context = replace(self.context, snapshot=aged(self._read, now), now=now, trouble="")
        self._show_context()

    def _show_context(self) -> None:
        with self.app.batch_update():
            for view in self.views.values():
                view.show(self.context)
            self.show_lines()

    def _ask_for_samples(self) -> None:
        now = self.clock.monotonic()
        if self._samples_at is None or now - self._samples_at >= _SAMPLES_EVERY_S:
            self._samples_at = now
            self.ask(SamplesOf(SAMPLE_STEP_S, self.context.now - _TRAIL_S))


def _is_moving(snapshot: Snapshot) -> bool:
    rates = any(line.in_per_s or line.out_per_s for line in snapshot.lines)
    return rates or bool(snapshot.totals.ready_per_s)
