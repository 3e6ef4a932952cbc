"""Marked rows of a table, as keys, and the range that is being drawn over them.

Pure. A mark is only ever set by the person at the keyboard: a refresh can take marks away, never add one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_tui.widgets.keyed_table.key_order import find_or_neighbour

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_tui.widgets.keyed_table.key_order import Key, KeyOrder

__all__ = ["MARK_LIMIT", "TableMarks"]

MARK_LIMIT: Final = 10_000
"""Marks a table holds: each refresh looks every one of them up, which then takes some 4 ms."""


class TableMarks:
    """A set of marked keys, all of them in the order that is shown."""

    __slots__ = ("_anchor", "_before_range", "is_sticky", "keys")

    def __init__(self) -> None:
        self.keys: frozenset[Key] = frozenset()
        self.is_sticky = False
        """True while every movement extends the range, not only one made for it."""
        self._anchor: Key | None = None
        self._before_range: frozenset[Key] = frozenset()

    @property
    def is_ranging(self) -> bool:
        """True while a range is being drawn."""
        return self._anchor is not None

    @property
    def is_full(self) -> bool:
        """True when no further row can be marked."""
        return len(self.keys) >= MARK_LIMIT

    def toggle(self, key: Key) -> None:
        """Mark a row, or unmark it."""
        if key in self.keys or not self.is_full:
            self.keys ^= {key}

    def discard(self, keys: Iterable[Key]) -> None:
        """Unmark some rows."""
        self.keys = self.keys.difference(keys)
        self._before_range = self._before_range.difference(keys)

    def clear(self) -> None:
        """Unmark all rows and end the range."""
        self.keys = frozenset()
        self.end_range()

    def start_range(self, order: KeyOrder, index: int, *, is_sticky: bool) -> None:
        """Begin a range at a row, which it marks."""
        self._anchor = order[index]
        self._before_range = self.keys
        self.is_sticky = is_sticky
        self.extend_range(order, index)

    def extend_range(self, order: KeyOrder, index: int) -> None:
        """Mark what lies between the range's first row and this one, and what was marked before the range."""
        anchor = None if self._anchor is None else order.index_of(self._anchor)
        if anchor is None:
            return
        step = 1 if index >= anchor else -1
        between = range(anchor, index + step, step)[: MARK_LIMIT - len(self._before_range)]
        self.keys = self._before_range.union(order[place] for place in between)

    def end_range(self) -> None:
        """Stop drawing; what is marked stays so."""
        self._anchor = None
        self._before_range = frozenset()
        self.is_sticky = False

    def cancel_range(self) -> None:
        """Stop drawing and go back to what was marked before."""
        self.keys = self._before_range
        self.end_range()

    def follow(self, old: KeyOrder, new: KeyOrder) -> None:
        """Forget rows that a new order no longer has; a range that began at one begins at its neighbour."""
        self.keys = _still_there(self.keys, new)
        self._before_range = _still_there(self._before_range, new)
        if self._anchor is None:
            return
        if not len(new):
            self.end_range()
        elif (place := old.index_of(self._anchor)) is not None:
            self._anchor = new[find_or_neighbour(old, place, new)]


def _still_there(keys: frozenset[Key], order: KeyOrder) -> frozenset[Key]:
    gone = [key for key in keys if order.index_of(key) is None]
    return keys.difference(gone) if gone else keys
