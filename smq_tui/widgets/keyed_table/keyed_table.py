"""The table that every list of the dashboard is: rows known by key, with a cursor, marks and ranges.

It is given values and posts messages; it never reads anything itself. A refresh keeps the cursor on its key
and on its line, repaints the lines that changed and never scrolls. Short lists come whole (`set_rows`); long
ones as an order of keys (`set_order`), whose rows are asked for to be seen (`RowsWanted`, `deliver`).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from textual.actions import SkipAction

from smq_tui.widgets.keyed_table.key_order import ListedOrder
from smq_tui.widgets.keyed_table.table_bindings import TABLE_BINDINGS
from smq_tui.widgets.keyed_table.table_columns import GUTTER
from smq_tui.widgets.keyed_table.table_marks import MARK_LIMIT
from smq_tui.widgets.keyed_table.table_messages import (
    CursorMoved,
    MarkLimitReached,
    MarksChanged,
    MoreWanted,
    RowActivated,
    RowsWanted,
    SortRequested,
)
from smq_tui.widgets.keyed_table.table_model import TableModel
from smq_tui.widgets.keyed_table.table_rows import Line, RowCache
from smq_tui.widgets.keyed_table.table_view import HEADER_LINES, TableView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from textual import events

    from smq_tui.widgets.keyed_table.key_order import Key, KeyOrder
    from smq_tui.widgets.keyed_table.table_columns import Column
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["KeyedTable"]

_MOVES: Final[Mapping[str, Callable[[TableModel], None]]] = {
    "down": lambda model: model.move_by(1),
    "up": lambda model: model.move_by(-1),
    "page_down": lambda model: model.move_by_pages(1),
    "page_up": lambda model: model.move_by_pages(-1),
    "start": lambda model: model.move_to(0),
    "end": TableModel.move_to_end,
}


class KeyedTable(TableView):
    """A table of rows by key."""

    BINDINGS = TABLE_BINDINGS

    RowActivated = RowActivated
    CursorMoved = CursorMoved
    MarksChanged = MarksChanged
    MarkLimitReached = MarkLimitReached
    SortRequested = SortRequested
    RowsWanted = RowsWanted
    MoreWanted = MoreWanted

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(columns, id=id, classes=classes)
        self._model = TableModel()
        self._rows = RowCache()
        self._order_to_grow: KeyOrder | None = None

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._model.order)

    @property
    def cursor_key(self) -> Key | None:
        """The row at the cursor, None when there are no rows."""
        return self._model.cursor_key

    @property
    def marks(self) -> frozenset[Key]:
        """The marked rows, all of which exist."""
        return self._model.marks.keys

    @property
    def targets(self) -> tuple[Key, ...]:
        """The rows an action is for, in their order: the marked ones if there are any, else the cursor's."""
        return self._model.targets

    @property
    def visible_keys(self) -> tuple[Key, ...]:
        """The rows in view."""
        return tuple(self._model.order[index] for index in self._model.window)

    @property
    def is_following(self) -> bool:
        """True while the cursor stays on the last row, whichever that comes to be."""
        return self._model.is_following

    def set_rows(self, rows: Iterable[tuple[Key, Row]]) -> None:
        """Show these rows, and no others."""
        by_key = dict(rows)
        self._rows.fill(by_key)
        self._take(ListedOrder(tuple(by_key)))

    def set_order(self, order: KeyOrder) -> None:
        """Show the rows of an order; those in view are asked for, for those at hand may have changed."""
        self._rows.expire()
        self._take(order)

    def deliver(self, rows: Mapping[Key, Row | None]) -> None:
        """Take rows that were wanted, or have changed; None for one that is gone."""
        with self._changes():
            self._rows.deliver(rows, self._model.order, self._model.window)

    def repaint(self, rows: Mapping[Key, Row | None]) -> None:
        """Take rows as they look by now, as their ages go on; those that are asked for are still awaited."""
        with self._changes():
            self._rows.repaint(rows)

    def renew_rows(self) -> None:
        """Ask for the rows in view again, because they may have changed or could not be had."""
        with self._changes():
            self._rows.expire()

    def move_to(self, key: Key) -> bool:
        """Put the cursor on a row and bring it into view; False when it is not there."""
        index = self._model.order.index_of(key)
        if index is not None:
            with self._changes():
                self._model.move_to(index)
        return index is not None

    def unmark(self, keys: Iterable[Key]) -> None:
        """Unmark rows, such as those that an action is done with."""
        with self._changes():
            self._model.marks.discard(keys)

    def window_moved(self, top: int) -> None:
        """Follow the wheel or the scroll bar."""
        with self._changes():
            self._model.resize(self.scrollable_size.height - HEADER_LINES)
            self._model.scroll_to(top)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        with self._changes():
            self._model.resize(self.scrollable_size.height - HEADER_LINES)

    def on_click(self, event: events.Click) -> None:
        """Sort by a title, mark left of a row, else go to it; twice opens it, with Shift marks up to it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = self._model.top + offset.y - HEADER_LINES
        if offset.y < HEADER_LINES:
            self._request_sorting(offset.x)
        elif index < self.row_count:
            self._point_at(index, is_range=event.shift, is_mark=event.ctrl or offset.x < GUTTER)
            if event.chain > 1 and offset.x >= GUTTER:
                self.action_activate()

    def action_move(self, where: str) -> None:
        """Move the cursor `down`, `up`, `page_down`, `page_up`, to the `start`, or to the `end`."""
        with self._changes():
            _MOVES[where](self._model)

    def action_shift_columns(self, by: int) -> None:
        """Bring columns into view that are hidden at a side; without any, leave the key to others."""
        if not self.shift_columns(by):
            raise SkipAction

    def action_toggle_mark(self) -> None:
        """Mark or unmark the row at the cursor and go to the next."""
        with self._changes():
            self._model.toggle_mark()

    def action_toggle_range(self) -> None:
        """Begin or end a range."""
        with self._changes():
            self._model.toggle_range()

    def action_extend(self, by: int) -> None:
        """Move the cursor and mark what it moves over."""
        with self._changes():
            self._model.extend_to(self._model.cursor_index + by)

    def action_cancel_range(self) -> None:
        """Undo the range that is being drawn; without one, leave the key to others."""
        if not self._model.marks.is_sticky:
            raise SkipAction
        with self._changes():
            self._model.marks.cancel_range()

    def action_clear_marks(self) -> None:
        """Unmark all rows."""
        with self._changes():
            self._model.marks.clear()

    def action_activate(self) -> None:
        """Report that the row at the cursor was chosen."""
        if self.cursor_key is not None:
            self.post_message(RowActivated(self, self.cursor_key))

    def _request_sorting(self, x: int) -> None:
        column = self.column_at(x)
        if column is not None and column.is_sortable:
            self.post_message(SortRequested(self, column.key))

    def _point_at(self, index: int, *, is_range: bool, is_mark: bool) -> None:
        with self._changes():
            if is_range:
                self._model.extend_to(index)
                return
            self._model.move_to(index)
            if is_mark:
                self._model.marks.toggle(self._model.order[index])

    def _take(self, order: KeyOrder) -> None:
        with self._changes():
            self._model.replace(order)

    @contextmanager
    def _changes(self) -> Iterator[None]:
        """Show and report what the statements inside change."""
        before, was_full = self._model.state, self._model.marks.is_full
        yield
        self._show_window()
        after = self._model.state
        if before.cursor_key != after.cursor_key:
            self.post_message(CursorMoved(self, after.cursor_key))
        if before.marks is not after.marks and before.marks != after.marks:
            self.post_message(MarksChanged(self, after.marks))
        if self._model.marks.is_full and not was_full:
            self.post_message(MarkLimitReached(self, MARK_LIMIT))

    def _show_window(self) -> None:
        model, order = self._model, self._model.order
        cursor, marks = model.cursor_index, model.marks.keys
        keys = ((index, order[index]) for index in model.window)
        lines = [Line(key, self._rows.get(key), index == cursor, key in marks) for index, key in keys]
        self.show(lines, model.top, len(order))
        if wanted := self._rows.wanted(order, model.window):
            self.post_message(RowsWanted(self, wanted))
        if order.has_more and order is not self._order_to_grow and model.is_near_end:
            self._order_to_grow = order
            self.post_message(MoreWanted(self))
