"""What a table knows beside its cells: the order of its rows, the cursor, what is in view, and the marks.

Pure: no widget, no painting. The cursor is a key. It stays on its key and on its line of the screen whatever
a refresh brings, and a refresh never scrolls away from what was in view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smq_tui.widgets.keyed_table.key_order import ListedOrder, find_or_neighbour
from smq_tui.widgets.keyed_table.table_marks import TableMarks

if TYPE_CHECKING:
    from smq_tui.widgets.keyed_table.key_order import Key, KeyOrder

__all__ = ["TableModel", "TableState"]


class TableState(NamedTuple):
    """What a change of the model is compared by."""

    cursor_key: Key | None
    marks: frozenset[Key]


class TableModel:
    """The order, the cursor, the window and the marks of one table."""

    def __init__(self) -> None:
        self.order: KeyOrder = ListedOrder(())
        self.marks = TableMarks()
        self.cursor_index = 0
        """Where the cursor's key stands; 0 when there are no rows."""
        self.top = 0
        """The row on the first line of the window."""
        self.height = 0
        """Lines of the window."""
        self.is_following = False
        """True while the cursor stays on the last row, whichever that comes to be."""

    @property
    def state(self) -> TableState:
        """What is selected now."""
        return TableState(self.cursor_key, self.marks.keys)

    @property
    def cursor_key(self) -> Key | None:
        """The key of the row at the cursor, None when there are no rows."""
        return self.order[self.cursor_index] if len(self.order) else None

    @property
    def is_cursor_in_view(self) -> bool:
        """False when the window was scrolled away from the cursor."""
        return self.top <= self.cursor_index < self.top + self.height

    @property
    def window(self) -> range:
        """The rows in view, as indices."""
        return range(self.top, min(self.top + self.height, len(self.order)))

    @property
    def is_near_end(self) -> bool:
        """True when less than a window lies beyond what is in view."""
        return self.top + 2 * self.height >= len(self.order)

    @property
    def targets(self) -> tuple[Key, ...]:
        """The rows an action is for, in their order: the marked ones if there are any, else the cursor's."""
        if not self.marks.keys:
            return () if self.cursor_key is None else (self.cursor_key,)
        return tuple(sorted(self.marks.keys, key=lambda key: self.order.index_of(key) or 0))

    def replace(self, order: KeyOrder) -> None:
        """Take a new order; cursor and window stay with their keys, or go to neighbours of those gone."""
        old, self.order = self.order, order
        held = self.cursor_index if self.is_cursor_in_view else self.top
        line = held - self.top
        self.marks.follow(old, order)
        if self.is_following:
            self._stand_at_end()
            return
        self.cursor_index = find_or_neighbour(old, self.cursor_index, order)
        self.top = self._bounded_top(find_or_neighbour(old, held, order) - line)

    def resize(self, height: int) -> None:
        """Take a new number of lines; a cursor that was in view stays in view."""
        is_held = self.is_cursor_in_view or self.height == 0
        self.height = max(0, height)
        self.top = self._bounded_top(self.top)
        if self.is_following:
            self._stand_at_end()
        elif is_held:
            self._bring_cursor_into_view()

    def scroll_to(self, top: int) -> None:
        """Move the window alone; away from the end, the end is no longer followed."""
        self.top = self._bounded_top(top)
        if self.top < self._bounded_top(len(self.order)):
            self.is_following = False

    def move_to(self, index: int) -> None:
        """Put the cursor on a row and bring it into view; a sticky range goes along, any other ends."""
        self._place_cursor(index)
        if self.marks.is_sticky:
            self.marks.extend_range(self.order, self.cursor_index)
        else:
            self.marks.end_range()

    def move_by(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.move_to(self.cursor_index + rows)

    def move_by_pages(self, pages: int) -> None:
        """Move cursor and window by whole windows, so that the cursor keeps its line."""
        rows = pages * max(1, self.height)
        self.top = self._bounded_top(self.top + rows)
        self.move_by(rows)

    def move_to_end(self) -> None:
        """Put the cursor on the last row, and keep it there until it is moved."""
        self.move_to(len(self.order) - 1)
        self.is_following = True

    def toggle_mark(self) -> None:
        """Mark or unmark the cursor's row, and go to the next; a range ends."""
        if self.cursor_key is None:
            return
        self.marks.end_range()
        self.marks.toggle(self.cursor_key)
        self.move_by(1)

    def toggle_range(self) -> None:
        """Begin a range at the cursor that every movement extends; a second time, end it."""
        if self.marks.is_sticky:
            self.marks.end_range()
        elif len(self.order):
            self.marks.start_range(self.order, self.cursor_index, is_sticky=True)

    def extend_to(self, index: int) -> None:
        """Move the cursor and mark the rows from where the first such movement began."""
        if not len(self.order):
            return
        if not self.marks.is_ranging:
            self.marks.start_range(self.order, self.cursor_index, is_sticky=False)
        self._place_cursor(index)
        self.marks.extend_range(self.order, self.cursor_index)

    def _place_cursor(self, index: int) -> None:
        self.is_following = False
        self.cursor_index = max(0, min(index, len(self.order) - 1))
        self._bring_cursor_into_view()

    def _stand_at_end(self) -> None:
        self.cursor_index = max(0, len(self.order) - 1)
        self.top = self._bounded_top(len(self.order))

    def _bring_cursor_into_view(self) -> None:
        lowest_top = self.cursor_index - max(1, self.height) + 1
        self.top = self._bounded_top(max(lowest_top, min(self.top, self.cursor_index)))

    def _bounded_top(self, top: int) -> int:
        return max(0, min(top, len(self.order) - max(1, self.height)))
