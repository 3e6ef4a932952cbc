"""The orders that the rows of a list can have: by a column, up or down, or the list's default. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.widgets.keyed_table.row_painter import Sorting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.widgets.keyed_table.table_columns import Column

__all__ = ["beside", "order_text", "turned"]


def turned(sorting: Sorting | None, column: str) -> Sorting | None:
    """Return the order after a column was asked for again: rising, falling, then the default one (None)."""
    if sorting is None or sorting.column != column:
        return Sorting(column)
    return None if sorting.is_falling else Sorting(column, is_falling=True)


def beside(sorting: Sorting | None, columns: Sequence[str], by: int) -> Sorting | None:
    """Return the order by the column `by` places on; between the last and the first is the default (None)."""
    ring = [None, *columns]
    at = ring.index(sorting.column) if sorting is not None and sorting.column in ring else 0
    column = ring[(at + by) % len(ring)]
    return None if column is None else Sorting(column)


def order_text(sorting: Sorting | None, columns: Sequence[Column], default: str) -> str:
    """Return how the rows are ordered, for titles: `by READY, highest first`."""
    column = next((one for one in columns if sorting is not None and one.key == sorting.column), None)
    if sorting is None or column is None:
        return default
    if column.is_number:
        return f"by {column.title}, {'highest' if sorting.is_falling else 'lowest'} first"
    return f"by {column.title}, {'Z to A' if sorting.is_falling else 'A to Z'}"
