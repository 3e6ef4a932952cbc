"""The main screen: which view is shown, and which controller each key, click and message is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual import on
from textual.events import ScreenSuspend
from textual.reactive import Reactive
from textual.screen import Screen

from smq_tui.keys.actions import VIEWS, action
from smq_tui.keys.key_help import action_bindings
from smq_tui.messages import (
    ActionChosen,
    Answered,
    Asked,
    Progressed,
    Refreshed,
    Reply,
    RequestFailed,
    Withdrawn,
)
from smq_tui.screens.controllers.details import Details
from smq_tui.screens.controllers.filter_line import FilterLine
from smq_tui.screens.controllers.lines import Lines
from smq_tui.screens.controllers.list_actions import ListActions
from smq_tui.screens.controllers.live_feed import LiveFeed
from smq_tui.screens.controllers.navigation import Navigation
from smq_tui.screens.controllers.program_actions import ProgramActions
from smq_tui.screens.controllers.refresh_actions import RefreshActions
from smq_tui.screens.controllers.search import Search
from smq_tui.screens.controllers.throughput_chart import ThroughputChart
from smq_tui.screens.filter_bar import FilterBar
from smq_tui.screens.host import ignore
from smq_tui.screens.list_and_details import ListAndDetails
from smq_tui.screens.live_context import LiveContext
from smq_tui.screens.operations.assembly import operation_actions
from smq_tui.screens.operations.long_action import LongAction
from smq_tui.screens.views.activity_view import ActivityView
from smq_tui.screens.views.dead_view import DeadView
from smq_tui.screens.views.leases_view import LeasesView
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.screens.views.topics_view import TopicsView
from smq_tui.screens.views.view import GoTo
from smq_tui.screens.views.workers_view import WorkersView
from smq_tui.widgets.chart import Chart
from smq_tui.widgets.detail_pane import DetailPane
from smq_tui.widgets.keyed_table.table_messages import (
    CursorMoved,
    MarkLimitReached,
    MarksChanged,
    RowActivated,
    SortRequested,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.notifications import SeverityLevel
    from textual.widget import Widget

    from smq_tui.requests import Request
    from smq_tui.screens.context import Context
    from smq_tui.screens.views.view import View
    from smq_tui.settings.session import DashboardSession
    from smq_tui.values import Clock

__all__ = ["MainScreen"]

T = TypeVar("T")

_VIEW_TYPES: Final = (TopicsView, MessagesView, LeasesView, DeadView, WorkersView, ActivityView)
"""In the order of `VIEWS`."""


class MainScreen(Screen[None]):
    """The screen around the six views."""

    BINDINGS: ClassVar[list[BindingType]] = [*action_bindings()]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide"), (150, "-roomy")]  # noqa: RUF012 - theirs is no ClassVar
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - theirs is no ClassVar
    DEFAULT_CSS = """
    MainScreen {
        background: $surface;
        layout: vertical;

        & #masthead { background: $panel; }
        & #tabs { background: $panel; }
        & #keys { background: $panel; }
        &.-short #totals { display: none; }
        &.-short #chart { display: none; }
    }
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Who has the focus. Those that look different by it paint themselves, not the whole screen."""

    def __init__(
        self,
        session: DashboardSession,
        clock: Clock,
        keys: Mapping[str, str],
        *,
        keymap: Mapping[str, str],
        databases: Sequence[tuple[str, str]],
    ) -> None:
        """Show a session; `keys` are shown, `keymap` is what the configuration remaps.

        `databases` are what `b` offers: the key and the label of each.
        """
        super().__init__()
        self.session = session
        self.live = LiveContext(session, clock)
        self.views: dict[str, View] = {
            name: kind(name) for name, kind in zip(VIEWS, _VIEW_TYPES, strict=True)
        }
        self.current = "topics"
        self.body = ListAndDetails(self.views.values())
        self.pane = self.body.pane
        self.chart = Chart()
        self.filter_bar = FilterBar()
        self.filter_bar.database_names = [key for key, _ in databases]
        self.long_action = LongAction(self)
        self.filter_line = FilterLine(self, self.filter_bar)
        self.search = Search(self, self.pane)
        self.throughput = ThroughputChart(self, self.chart, keys)
        self.details = Details(self, self.body)
        self.lines = Lines(
            self,
            self.live,
            self.long_action,
            self.details,
            self.body,
            keys=keys,
            can_switch=len(databases) > 1,
        )
        self.feed = LiveFeed(self, self.live, self.details, self.throughput, self.body)
        self.navigation = Navigation(
            self,
            filter_line=self.filter_line,
            long_action=self.long_action,
            details=self.details,
            chart=self.throughput,
            quit_key=keys.get("quit", "^Q"),
        )
        self.list_actions = ListActions(self, self.details)
        self.program = ProgramActions(self, owner=self, keymap=keymap, databases=databases, do=self.action_do)
        self._actions = self._all_actions()
        self._clicks = {**self.program.clicks, **self.list_actions.clicks}

    def compose(self) -> ComposeResult:
        """Yield the lines above, the views, the details, the lines below."""
        yield from self.lines.above
        yield self.body
        yield from (self.chart, self.filter_bar)
        yield from self.lines.below

    def on_mount(self) -> None:
        """Show the first view, and let the seconds go on."""
        self.show_view(self.current)
        self.set_interval(1.0, self.feed.tick)
        self.feed.ask_for_samples()

    @property
    def view(self) -> View:
        """The view that is shown."""
        return self.views[self.current]

    @property
    def context(self) -> Context:
        """What is known at the moment."""
        return self.live.context

    def action_do(self, action_id: str) -> None:
        """Do an action, or explain why it cannot be done now."""
        spec = action(action_id)
        reason = self.session.why_no_change if spec.is_change else None
        if reason is not None:
            self.say(f"{spec.label.lower()}: {reason}", "warning")
        else:
            self._actions[action_id]()

    def show_view(self, name: str) -> None:
        """Show one of the six; its list has the focus."""
        if name != self.current:
            # That all was meant on the one before is not kept for later.
            self.view.aims_at_all = False
        self.current = name
        self.filter_bar.close()
        self.body.suit(name)
        self.view.display = True
        self.focus_list()
        for view in self.views.values():
            view.is_current = view is self.view
            view.display = view.is_current
        self.view.enter()
        self.view.renew()
        self.view.show(self.context)
        self.show_lines()
        self.details.update()
        self.throughput.draw()

    def focus_list(self) -> None:
        """Focus the list immediately: were another hidden first, all would be painted twice."""
        self.set_focus(self.view.table, scroll_visible=False)

    def open(self, dialog: Screen[T], then: Callable[[T | None], None]) -> None:
        """Open a dialog, and continue with what it is dismissed with."""
        self.app.push_screen(dialog, then)

    def ask(
        self,
        request: Request,
        kind: type[T],
        then: Callable[[T], None],
        *,
        failed: Callable[[str], None] = ignore,
        progressed: Callable[[int, int | None], None] = ignore,
    ) -> None:
        """Ask the gateway, and continue with the answer, which is of this kind."""
        self.post_message(Asked(self, request, Reply.of(kind, then, failed, progressed)))

    def withdraw(self) -> None:
        """End what was asked for and still runs."""
        self.post_message(Withdrawn(self))

    def say(self, sentence: str, severity: SeverityLevel = "information") -> None:
        """Show the operator a sentence, for some seconds, in the place of what was said before."""
        self.lines.say(sentence, severity)

    def show_lines(self) -> None:
        """Bring the lines around the view up to date."""
        self.lines.show()

    def show_row_lines(self) -> None:
        """Bring the lines that are about the chosen row up to date."""
        self.lines.show_row()

    def _all_actions(self) -> Mapping[str, Callable[[], object]]:
        return {
            **self.navigation.actions,
            **self.filter_line.actions,
            **self.search.actions,
            **self.details.actions,
            **self.throughput.actions,
            **self.list_actions.actions,
            **RefreshActions(self).actions,
            **self.program.actions,
            **operation_actions(self, self.lines.said, self.long_action, owner=self),
        }

    @on(Answered)
    @on(RequestFailed)
    @on(Progressed)
    def _hand_reply_on(self, event: Answered | RequestFailed | Progressed) -> None:
        event.hand_on()

    @on(ActionChosen)
    def _do_chosen(self, event: ActionChosen) -> None:
        click = self._clicks.get(event.action)
        if click is None:
            self.action_do(event.action)
        else:
            click()

    @on(GoTo)
    def _go_to(self, event: GoTo) -> None:
        self.navigation.go(event.view, event.query)

    @on(RowActivated)
    def _open_row(self) -> None:
        self.list_actions.open_row()

    @on(CursorMoved)
    def _follow_cursor(self) -> None:
        self.show_row_lines()
        self.details.update()
        self.throughput.draw()

    @on(MarksChanged)
    def _show_marks(self) -> None:
        self.view.show(self.context)

    @on(MarkLimitReached)
    def _explain_limit(self, event: MarkLimitReached) -> None:
        self.list_actions.explain_limit(event.limit)

    @on(SortRequested)
    def _sort(self, event: SortRequested) -> None:
        self.list_actions.sort(lambda view: view.sort_by(event.column))

    @on(FilterBar.Entered)
    def _apply_line(self, event: FilterBar.Entered) -> None:
        self.filter_line.enter(event.text, self.navigation.jump if event.is_jump else self.search.filter_by)

    @on(FilterBar.Left)
    def _leave_line(self) -> None:
        self.filter_line.close()

    @on(DetailPane.ListKeyPressed)
    def _explain_focus(self) -> None:
        self.list_actions.explain_focus()

    @on(DetailPane.Resized)
    def _fit_details(self) -> None:
        self.details.fit()

    @on(ScreenSuspend)
    def _fall_silent(self) -> None:
        """Remove the message on the message line before a dialog opens: it is not about that."""
        self.lines.said.clear()

    @on(Refreshed)
    def _take_refresh(self, event: Refreshed) -> None:
        self.feed.take(event)
