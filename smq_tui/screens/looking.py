"""What lowercase keys do: go, filter, sort, mark, freeze, see otherwise. Nothing here changes the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual import on

from smq_core.format import duration, quoted
from smq_core.safe_text import cell
from smq_tui.messages import DatabaseChosen, LookWanted, PaceChanged, QuitWanted, Withdrawn
from smq_tui.screens.detailing import Room
from smq_tui.screens.filter_bar import FilterBar
from smq_tui.screens.finding import Finding
from smq_tui.screens.history import Step
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.screens.views.view import GoTo
from smq_tui.text.filters import FilterError, Query, parse
from smq_tui.values import State
from smq_tui.widgets.keyed_table.table_messages import (
    MarkLimitReached,
    MarksChanged,
    RowActivated,
    SortRequested,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_tui.screens.views.view import View

__all__ = ["Looking"]

_VIEWS: Final = ("topics", "messages", "leases", "dead", "workers", "activity")


class Looking(Finding):
    """The keys that look."""

    was_stopped = False
    """True when what runs for long was told to end before its time."""
    _way: tuple[Step, ...] = ()
    """How one was led here by Enter and jumps; a key of a screen begins anew."""

    def go(self, name: str, query: Query | None = None) -> None:
        """Show a view, filtered if a query is given."""
        if self.room is Room.ALL:
            self.give_room(Room.BESIDE)
        view = self.views[name]
        if query is None:
            self._way = ()
        else:
            before = view.place
            view.apply_filter(query)
            step = Step(origin=self.current, target=name, before=before, arrived=view.place)
            self._way = (*self._way, step)
        self.show_view(name)

    def show_view(self, name: str) -> None:
        """Show a view; that all was meant on the one before is not kept for later."""
        if name != self.current:
            self.view.aims_at_all = False
        super().show_view(name)

    def go_back(self, *, may_quit: bool) -> None:
        """Undo the latest of: what runs, details, chart, marks, the filter, the way; at the top, leave."""
        view = self.view
        if self.filter_bar.is_open:
            self._leave_filter()
        elif self.progress:
            self.was_stopped = True
            self.post_message(Withdrawn(self))
            self.say("stopping: what is done stays done")
        elif self.hide_details() or self.hide_chart() or view.clear_marks():
            return
        elif self._way and self._way[-1].target == self.current:
            self._go_one_step_back(self._way[-1])
        elif view.filtered_by:
            view.withdraw()
            view.apply_filter(Query())
            self.show_lines()
        elif self.current != "topics":
            self.show_view("topics")
        elif may_quit:
            self.post_message(QuitWanted())
        else:
            self.say(f"this is the top: {self.keys.get('quit', '^Q')} or q leaves")

    def _go_one_step_back(self, step: Step) -> None:
        """Clear what was filtered on top of where one was led; else go where one came from."""
        view = self.view
        view.withdraw()
        if view.filtered_by and view.filtered_by != step.arrived.query:
            view.go_to(step.arrived)
            view.show(self.context)
            view.renew()
            self.show_lines()
            return
        self._way = self._way[:-1]
        view.go_to(step.before)
        self.show_view(step.origin)

    def open_filter(self, *, is_jump: bool) -> None:
        """Open the line for a filter or a jump."""
        bar = self.filter_bar
        bar.topic_names = [cell(topic) for topic in self.context.topics]
        bar.worker_names = [cell(worker) for worker in self.context.workers]
        bar.open("" if is_jump else self.view.filtered_by.text, is_jump=is_jump)

    def jump(self, text: str) -> None:
        """Go where a line says: a screen or a topic first, then a filter.

        Raises:
            FilterError: when the filter cannot be understood, or there is nothing of that name.
        """
        first, _, rest = text.strip().partition(" ")
        if not first:
            return
        if first == "database" and rest.strip():
            self.post_message(DatabaseChosen(rest.strip()))
        elif first in _VIEWS:
            topic, _, more = rest.partition(" ")
            is_topic = topic in self.context.topics
            self.go(first, parse(f"topic:{quoted(topic)} {more}" if is_topic else rest))
        elif text.strip() in self.context.topics:
            self.go("messages", parse(f"topic:{quoted(text.strip())}"))
        elif first in self.context.topics:
            self.go("messages", parse(f"topic:{quoted(first)} {rest}"))
        elif first.isdecimal():
            self.go("messages", Query())
            self.view.table.move_to(int(first))
        else:
            raise FilterError(f"{cell(first, 40)} is neither a screen, a topic, nor database FILE")

    def turn_tab(self, by: int) -> None:
        """Show the messages of another state."""
        view = self.view
        if isinstance(view, MessagesView):
            view.turn_tab(by)
        else:
            self.say(view.REASONS.get("next_tab", "states are on screen 2"), "warning")

    def show_state(self, name: str) -> None:
        """Show the messages of a state, by its tab."""
        view = self.view
        if isinstance(view, MessagesView):
            view.show_state(None if name == "all" else State(name))

    def set_frozen(self, *, is_frozen: bool) -> None:
        """Stop or go on refreshing."""
        self.session.is_frozen = is_frozen
        self._tell_pace()
        self.show_lines()

    def change_interval(self, by: int) -> None:
        """Refresh more or less often."""
        interval = self.session.step_interval(by)
        self._tell_pace()
        self.show_lines()
        self.say(f"refreshing every {duration(interval)}, when something changed")

    def refresh_now(self) -> None:
        """Read everything anew."""
        self.post_message(LookWanted())
        self.view.renew()

    def size_pane(self) -> None:
        """Give the details half of the room, all, none."""
        pane = self.pane
        is_wide = self.has_class("-roomy") or (self.has_class("-wide") and not pane.has_class("-when-roomy"))
        if self.room is Room.ALL:
            self.give_room(Room.BESIDE)
            pane.remove_class("-half")
            self.focus_list()
        elif pane.display:
            self.give_room(Room.ALL)
            pane.focus()
        elif is_wide and not pane.has_class("-when-asked"):
            pane.add_class("-half")
        else:
            self.give_room(Room.BELOW)
        self.details_changed()

    def next_pane(self) -> None:
        """Go between the list and the details."""
        if self.view.table.has_focus and self.is_detail_shown:
            self.pane.focus()
        elif self.view.table.has_focus:
            self.say("there is one pane: d shows details")
        else:
            self.focus_list()

    def see_payload_otherwise(self) -> None:
        """Show the payload pretty, raw or in hexadecimal."""
        self.payload_view = self.payload_view.next
        if self.whole is None or not self.is_detail_shown:
            self.say("payloads are seen in the details of a message: d shows them", "warning")
        self.paint_message()
        self.show_row_lines()

    def mark_all(self) -> None:
        """Aim at all that match."""
        reason = self.view.why_not("mark_all")
        if reason is not None:
            self.say(reason, "warning")
        else:
            self.say(self.view.mark_all())
            self.show_row_lines()

    @on(GoTo)
    def _go_to(self, event: GoTo) -> None:
        self.go(event.view, event.query)

    @on(RowActivated)
    def _open_row(self) -> None:
        if self.view.open_row():
            return
        if self.is_detail_shown:
            self.say("the details have the keys now: ↑ ↓ scroll, Tab or Esc goes back to the list")
        self.show_details()

    @on(MarksChanged)
    def _tell_marks(self) -> None:
        self.view.show(self.context)

    @on(MarkLimitReached)
    def _tell_limit(self, event: MarkLimitReached) -> None:
        self.say(
            f"{event.limit:,} are the most that can be marked: filter (/) and take all that match (*)",
            "warning",
        )

    @on(SortRequested)
    def _sort(self, event: SortRequested) -> None:
        self.sort(lambda view: view.sort_by(event.column))

    @on(FilterBar.Entered)
    def _apply(self, event: FilterBar.Entered) -> None:
        bar = self.filter_bar
        try:
            if event.is_jump:
                self.jump(event.text)
            else:
                self.view.apply_filter(parse(event.text))
                self.look_for(self.view.filtered_by.words)
        except FilterError as error:
            bar.explain(str(error))
            return
        bar.close()
        self.focus_list()
        self.show_lines()

    @on(FilterBar.Left)
    def _leave_filter(self) -> None:
        self.filter_bar.close()
        self.focus_list()

    def sort(self, how: Callable[[View], None]) -> None:
        """Sort the view, or say why it has one order only."""
        reason = self.view.why_not("sort")
        if reason is not None:
            self.say(reason, "warning")
            return
        how(self.view)
        sorting = self.view.table.sorting
        column = next((one for one in self.view.COLUMNS if sorting and one.key == sorting.column), None)
        if sorting is not None and column is not None:
            self.say(f"sorted by {column.title}, {'highest' if sorting.is_falling else 'lowest'} first")

    def _tell_pace(self) -> None:
        self.post_message(PaceChanged(self.session.interval, is_frozen=self.session.is_frozen))
