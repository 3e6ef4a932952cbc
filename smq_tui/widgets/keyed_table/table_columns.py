"""Columns of a table, and which of them stand where in a given width.

Pure. Widths are fixed, so that nothing moves when values change. Where the room does not suffice, the columns
with the lowest priority leave first; they are reached by shifting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GAP", "GUTTER", "Column", "ColumnPlace", "Layout", "last_shift", "lay_out"]

GUTTER: Final = 2
"""Cells before the first column: the cursor's sign and the mark."""
GAP: Final = 2
"""Cells between columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    key: str
    title: str
    width: int
    """Cells it takes, at least; of the terminal's cells, not of characters."""
    priority: int = 0
    """Columns with the lowest leave first where the width does not suffice."""
    is_number: bool = False
    """Aligned to the right."""
    is_stretching: bool = False
    """Takes of the width that is left over; such columns share it."""
    is_sortable: bool = True
    """A click on its title asks for sorting."""


class ColumnPlace(NamedTuple):
    """Where a column stands."""

    column: Column
    cell_index: int
    """Its cell's position in a row."""
    x: int
    width: int


class Layout(NamedTuple):
    """The columns in view."""

    places: tuple[ColumnPlace, ...]
    has_hidden_before: bool
    """True when columns were shifted out."""
    has_hidden_after: bool
    """True when columns were left out for the want of width."""

    def column_at(self, x: int) -> Column | None:
        """Return the column that stands at a cell of the line, the gap after it included."""
        return next(
            (place.column for place in self.places if place.x <= x < place.x + place.width + GAP), None
        )


def lay_out(columns: Sequence[Column], width: int, shift: int = 0) -> Layout:
    """Choose and place columns: those of highest priority, or, shifted, the first and others in turn."""
    shown = _views(columns, width)[shift]
    has_hidden_after = len(columns) - 1 not in shown if shift else len(shown) < len(columns)
    return Layout(_placed(columns, shown, width), shift > 0, has_hidden_after)


def last_shift(columns: Sequence[Column], width: int) -> int:
    """Return the shift that brings the last column into view; 0 when all are."""
    return len(_views(columns, width)) - 1


def _views(columns: Sequence[Column], width: int) -> list[list[int]]:
    """List the choices of columns that shifting goes through, so that each column is in one of them."""
    views = [_by_priority(columns, width)]
    if len(views[0]) == len(columns):
        return views
    for start in range(1, len(columns)):
        view = _in_turn(columns, width, start)
        if view != views[0]:
            views.append(view)
        if view[-1] == len(columns) - 1:
            break
    return views


def _by_priority(columns: Sequence[Column], width: int) -> list[int]:
    shown = list(range(len(columns)))
    while len(shown) > 1 and _taken(columns, shown) > width:
        # Of equals the one to the right leaves.
        shown.remove(min(shown, key=lambda index: (columns[index].priority, -index)))
    return shown


def _in_turn(columns: Sequence[Column], width: int, start: int) -> list[int]:
    shown = [0, start]
    for index in range(start + 1, len(columns)):
        if _taken(columns, [*shown, index]) > width:
            break
        shown.append(index)
    return shown


def _taken(columns: Sequence[Column], shown: Sequence[int]) -> int:
    return GUTTER + sum(columns[index].width for index in shown) + GAP * (len(shown) - 1)


def _placed(columns: Sequence[Column], shown: Sequence[int], width: int) -> tuple[ColumnPlace, ...]:
    spare = max(0, width - _taken(columns, shown))
    stretched = [index for index in shown if columns[index].is_stretching]
    more = {index: spare // len(stretched) for index in stretched}
    if stretched:
        more[stretched[-1]] += spare % len(stretched)
    places: list[ColumnPlace] = []
    x = GUTTER
    for index in shown:
        column_width = columns[index].width + more.get(index, 0)
        visible_width = max(0, min(column_width, width - x))
        places.append(ColumnPlace(columns[index], index, x, visible_width))
        x += column_width + GAP
    return tuple(place for place in places if place.width)
