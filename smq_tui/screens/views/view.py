"""What the six screens have in common.

A line that says what is shown, a table, a filter, and what an action would be aimed at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Vertical
from textual.message import Message as TextualMessage

from smq_core.format import count, counted
from smq_core.safe_text import cell
from smq_tui.messages import Asked, Withdrawn
from smq_tui.screens.context import Context
from smq_tui.screens.history import ScreenState
from smq_tui.screens.status_lines import first_note
from smq_tui.screens.views.row_order import beside, order_text, turned
from smq_tui.text.filters import Query
from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from smq_tui.widgets.keyed_table.table_rows import Tone
from smq_tui.widgets.status_bar import SegmentLine, StatusSegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.app import ComposeResult

    from smq_tui.requests import ActionTarget, Freeze, Request
    from smq_tui.widgets.detail_text import Pieces
    from smq_tui.widgets.keyed_table.key_order import Key
    from smq_tui.widgets.keyed_table.table_columns import Column
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["GoTo", "View"]

_SHORT_FILTER: Final = 10
"""Cells of a filter that stay where the line is short: what it is about matters more."""


class GoTo(TextualMessage):
    """Somebody wants to see something on another screen."""

    def __init__(self, sender: View, view: str, query: Query) -> None:
        super().__init__()
        # The screen, which is where this goes, is often the one that handles something at the moment.
        self.set_sender(sender)
        self.view = view
        self.query = query


class View(Vertical):
    """One of the six screens."""

    DEFAULT_CSS = """
    View { height: 1fr; }
    View > .view-line { background: $surface; color: $text-muted; }
    """
    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    LISTED: ClassVar[str] = ""
    """What the rows are."""
    DEFAULT_ORDER: ClassVar[str] = ""
    """How the rows are ordered until a column is chosen, for the title."""
    HINTS: ClassVar[tuple[str, ...]] = ()
    """Ids of the actions that the key bar shows."""
    FILTER_PARTS: ClassVar[tuple[str, ...]] = ("topic:",)
    """The named parts of a filter that this list can be filtered by."""
    REASONS: ClassVar[dict[str, str]] = {}
    """Why some actions have nothing to do here, by their ids."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.filtered_by = Query()
        self.context = Context()
        self.is_current = False
        self.failure = ""
        """Why what this screen shows could not be read; it is asked for again."""
        self.aims_at_all = False
        """True after `*`: an action is for all that match, in view or not."""
        self.is_behind = False
        """True while the rows are of before somebody came here: dim, and nothing is aimed at them."""
        self.now = 0.0
        """The moment that the rows are of, in seconds since the epoch; their ages are counted to it."""
        self._when_read: Callable[[], None] | None = None
        self._sorted_last = ""
        """The column that was sorted by last, for when the key leads on from the default order."""
        self.table = KeyedTable(self.COLUMNS, id=f"{name}-table")
        self.line = SegmentLine(classes="view-line")

    def compose(self) -> ComposeResult:
        """Yield the line, and the table below it."""
        yield self.line
        yield self.table

    def show(self, context: Context) -> None:
        """Show what is known now; called at each refresh and each second."""
        self.context = context
        self.table.is_stale = context.is_stale or self.is_behind
        if not self.will_be_read:
            self._when_read = None
        if not self.is_current:
            return
        if not self.is_being_read:
            # Rows are not judged by a clock that has gone on while they were out of view, or are read again.
            self.now = context.now
        if self.failure and not context.is_stale:
            self.renew()
        if context.snapshot is None:
            self.table.note = first_note(context, self.table.scrollable_size.width)
        else:
            self.refresh_rows()
            self.line.show(self._line_parts())

    def refresh_rows(self) -> None:
        """Bring the table up to what is known."""

    def first_note(self, waiting: str) -> str:
        """Explain why there are no rows yet: they are being read, or they cannot be read."""
        return f"This could not be read: {self.failure}\n\nTrying again." if self.failure else waiting

    def put_rows(self, rows: Iterable[tuple[Key, Row]], note: str) -> None:
        """Show rows, or where there are none a note in their place; never one after the other."""
        by_key = dict(rows)
        self.table.note = "" if by_key else note
        self.table.set_rows(by_key.items())

    @property
    def is_being_read(self) -> bool:
        """True while what this screen shows besides the snapshot is being requested."""
        return self.is_behind

    def withdraw(self) -> None:
        """Wait no longer for what was asked for."""
        self.post_message(Withdrawn(self))

    def enter(self) -> None:
        """Note that this screen was opened."""

    def await_rows(self) -> None:
        """Take note that the rows are of before, until `rows_are_read`."""
        self.is_behind = True
        self._when_read = None

    def rows_are_read(self) -> None:
        """Take note that the rows are of now, and do what waited for them."""
        then, self._when_read = self._when_read, None
        self.is_behind, self.failure = False, ""
        self.show(self.context)
        if then is not None and self.is_current:
            then()

    @property
    def will_be_read(self) -> bool:
        """True while rows of now may be expected; nothing waits for a database that cannot be read."""
        return self.context.snapshot is not None and not self.context.is_stale and not self.failure

    def when_read(self, then: Callable[[], None]) -> None:
        """Do something as soon as the rows are of now.

        Not where another screen is shown by then, or nothing can be read meanwhile: what lies at the path
        later may be another database.
        """
        self._when_read = then

    def on_resize(self) -> None:
        """Report how many columns have no room, which is known by now."""
        if self.context.snapshot is not None:
            self.line.show(self._line_parts())

    def renew(self) -> None:
        """Ask for what this screen shows besides the snapshot, after a write or when it comes into view."""

    def apply_filter(self, query: Query) -> None:
        """Show only what matches.

        Raises:
            FilterError: for a part by which this list cannot be filtered.
        """
        self.check_filter(query)
        self.take_filter(query)
        self.aims_at_all = False
        self.renew()
        self.show(self.context)

    def check_filter(self, query: Query) -> None:
        """Refuse a filter with a part that this list would pass over.

        Raises:
            FilterError: for the first such part.
        """
        query.check_parts(self.FILTER_PARTS, self.LISTED)

    def take_filter(self, query: Query) -> None:
        """Remember what to filter by, for when it is shown."""
        self.filtered_by = query

    @property
    def screen_state(self) -> ScreenState:
        """Return what is shown, to come back to."""
        return ScreenState(self.filtered_by)

    def go_to(self, screen_state: ScreenState) -> None:
        """Remember to show what was shown before."""
        self.aims_at_all = False
        self.take_filter(screen_state.query)

    def why_not(self, action: str) -> str | None:
        """Explain why an action has nothing to do here, None when it has."""
        return self.REASONS.get(action)

    def target_of(self, action: str) -> ActionTarget | Freeze | str:
        """Return what an action is for, fixed now; what has to be counted first.

        Or the reason why nothing is.
        """
        return self.REASONS.get(action, "there is nothing to select here")

    def topics_meant(self) -> tuple[str, ...]:
        """Return the topics that an action on topics is for."""
        return ()

    def details(self) -> Pieces | Request | None:
        """Return the details of the cursor's row, or what to ask for to have them."""
        return None

    def hint(self) -> tuple[str, Tone]:
        """Return what the line above the keys says of the cursor's row: what its cells may have cut."""
        return "", Tone.MUTED

    def filter_text(self) -> str:
        """Return what the list is filtered by, as far as the line does not say it already."""
        return self.filtered_by.text

    def matching(self) -> str:
        """Report how many rows the filter keeps."""
        return count(self.table.row_count)

    def labels(self) -> dict[str, str]:
        """Return what keys do to the cursor's row where that is another thing than their name says."""
        return {}

    def open_row(self) -> bool:
        """Do what Enter is for; False when that is to show the details."""
        return False

    @property
    def order(self) -> str:
        """How the rows are ordered now, for the title."""
        return order_text(self.table.sorting, self.COLUMNS, self.DEFAULT_ORDER)

    def in_order(self, counted_rows: str) -> str:
        """Add the order to how many rows there are, where there are several."""
        return f"{counted_rows}, {self.order}" if self.table.row_count > 1 else counted_rows

    def sort_by(self, column: str) -> None:
        """Sort by a column; by the same again, the other way round, and then in the default order."""
        self._sorted_last = column
        self.table.sorting = turned(self.table.sorting, column)
        self.show(self.context)

    def sort_columns(self) -> tuple[Column, ...]:
        """Return the columns one can sort by."""
        hidden = self.table.hidden
        return tuple(column for column in self.COLUMNS if column.is_sortable and column.key not in hidden)

    def turn_order(self) -> None:
        """Sort the other way round, or in the default order; from that on by the column of before."""
        keys = [column.key for column in self.sort_columns()]
        if self.table.sorting is not None:
            self.sort_by(self.table.sorting.column)
        elif keys:
            self.sort_by(self._sorted_last if self._sorted_last in keys else keys[0])

    def sort_beside(self, by: int) -> None:
        """Sort by the column before or after."""
        self.table.sorting = beside(self.table.sorting, [column.key for column in self.sort_columns()], by)
        self._sorted_last = self.table.sorting.column if self.table.sorting else self._sorted_last
        self.show(self.context)

    def mark_all(self) -> str:
        """Aim at all that match; answer a sentence that says so."""
        self.aims_at_all = True
        self.show(self.context)
        return "R, D, K and x now apply to all that match, in view or not; press u or Esc to cancel"

    def clear_marks(self) -> bool:
        """Take all marks back; False when there were none."""
        had_any = self.aims_at_all or bool(self.table.marks)
        self.aims_at_all = False
        self.table.unmark(self.table.marks)
        self.show(self.context)
        return had_any

    def ask(self, request: Request) -> None:
        """Ask the gateway; the answer comes back here."""
        self.post_message(Asked(self, request))

    def title_parts(self) -> Sequence[StatusSegment]:
        """Describe what is shown."""
        return ()

    def more_columns(self) -> list[StatusSegment]:
        """Report that columns have no room, and the key that shows them."""
        number = len(self.table.columns) - len(self.table.hidden) - len(self.table.columns_in_view)
        # Before the first picture nobody knows what has room.
        has_more = number > 0 and self.table.row_count > 0 and self.table.scrollable_size.width > 0
        return [StatusSegment(f"{counted(number, 'more column')}: press l", Tone.MUTED)] if has_more else []

    def _line_parts(self) -> list[StatusSegment]:
        parts = [*self.title_parts()]
        text = self.filter_text() if self.filtered_by else ""
        number = self.matching()
        if text:
            short = f"/{cell(text, _SHORT_FILTER)}"
            parts.append(StatusSegment(f"filter {text}", Tone.ACCENT, "filter", priority=8, short=short))
        if text and not self.aims_at_all:
            matches = f"{number} {'matches' if number == '1' else 'match'}"
            parts.append(StatusSegment(matches, Tone.ACCENT, priority=8))
        if self.aims_at_all:
            marked = f"✓ all {number}" if text else "✓ all"
            parts.append(StatusSegment(f"{marked} that match", Tone.WARNING, priority=9, short=marked))
        elif self.table.marks:
            visible = set(self.table.visible_keys)
            hidden = len(self.table.marks - visible)
            beside = f", {hidden} out of view" if hidden else ""
            parts.append(StatusSegment(f"✓ {len(self.table.marks)} marked{beside}", Tone.WARNING, priority=9))
        return parts
