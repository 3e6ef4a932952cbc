"""Rows of a table: what their cells say, and which of them are at hand.

Pure. A table of millions holds only the rows around its window; others are asked for as they come into view.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_tui.widgets.keyed_table.key_order import Key, KeyOrder

__all__ = ["Cell", "Line", "Row", "RowCache", "Tone"]

_KEPT_ROWS: Final = 2_000
"""Rows kept of a table that asks for its rows, before those far from the window are forgotten."""


class Tone(enum.Enum):
    """How a cell is coloured. The colour only repeats what the cell's text or sign says."""

    PLAIN = "plain"
    MUTED = "muted"
    """Nothing to look at: zeros, what is over."""
    ACCENT = "accent"
    """Names and figures that one looks for first."""
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Cell(NamedTuple):
    """A text with a tone; a `str` will do for a plain one. It need not be safe, it is never markup."""

    text: str
    tone: Tone = Tone.PLAIN


Row: TypeAlias = tuple[str | Cell, ...]
"""One cell a column, in the order of the columns."""


class Line(NamedTuple):
    """All that decides how a row's line is painted: two equal lines look the same."""

    key: Key
    row: Row | None
    """None while the row is not at hand."""
    is_cursor: bool
    is_marked: bool


class RowCache:
    """Rows by key, which of them are up to date, and which to ask for."""

    def __init__(self) -> None:
        self._rows: dict[Key, Row | None] = {}
        self._fresh: set[Key] = set()
        self._asked: tuple[Key, ...] = ()
        self._is_complete = True

    def fill(self, rows: dict[Key, Row]) -> None:
        """Take all rows of the table."""
        self._rows = {**rows}
        self._fresh.clear()
        self._is_complete = True

    def expire(self) -> None:
        """Take note that any row may have changed; those at hand are shown until they come again."""
        self._fresh.clear()
        self._asked = ()
        self._is_complete = False

    def get(self, key: Key) -> Row | None:
        """Return a row, None when it is not at hand."""
        return self._rows.get(key)

    def repaint(self, rows: Mapping[Key, Row | None]) -> None:
        """Take rows as they look by now; whether they are up to date is as it was."""
        self._rows.update(rows)

    def deliver(self, rows: Mapping[Key, Row | None], order: KeyOrder, window: range) -> None:
        """Take some rows, None for one that is gone; of too many, keep those around the window."""
        self._rows.update(rows)
        if self._is_complete:
            return
        self._fresh.update(rows)
        if len(self._rows) > _KEPT_ROWS:
            near = (order[index] for index in _around(window, len(window), order))
            self._rows = {key: self._rows[key] for key in near if key in self._rows}
            self._fresh.intersection_update(self._rows)

    def wanted(self, order: KeyOrder, window: range) -> tuple[Key, ...]:
        """Return the rows to ask for, those in view first; none when the near ones are at hand or asked for.

        One window further each way is asked for too, so that the next row or page is at hand.
        """
        if self._is_complete or not self._missing(order, _around(window, len(window) // 2, order)):
            return ()
        in_view = self._missing(order, window)
        beside = [
            key for key in self._missing(order, _around(window, len(window), order)) if key not in in_view
        ]
        wanted = (*in_view, *beside)
        if wanted == self._asked:
            return ()
        self._asked = wanted
        return wanted

    def _missing(self, order: KeyOrder, indices: range) -> list[Key]:
        return [key for key in map(order.__getitem__, indices) if key not in self._fresh]


def _around(window: range, margin: int, order: KeyOrder) -> range:
    return range(max(0, window.start - margin), min(len(order), window.stop + margin))
