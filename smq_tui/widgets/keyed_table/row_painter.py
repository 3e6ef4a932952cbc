"""Lines of a table as strips of styled text.

Every text goes through `fit`, which makes it safe, and into segments directly: there is no markup on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rich.segment import Segment
from textual.strip import Strip

from smq_tui.widgets.cell_width import fit
from smq_tui.widgets.keyed_table.table_columns import GAP, GUTTER
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.style import Style

    from smq_tui.widgets.keyed_table.table_columns import Column, Layout
    from smq_tui.widgets.keyed_table.table_rows import Line, Row

__all__ = ["COMPONENTS", "Sorting", "paint_header", "paint_line", "paint_note"]

# None of these signs is twice as wide in a terminal that is set up for East Asia.
_CURSOR: Final = "▸"
_MARK: Final = "✓"
_RISING: Final = "▴"
_FALLING: Final = "▾"
_BEFORE: Final = "\u2039"
_AFTER: Final = "\u203a"
_ABSENT: Final = "·"

_PREFIX: Final = "keyed-table--"
COMPONENTS: Final = frozenset(
    f"{_PREFIX}{name}"
    for name in (
        "header",
        "header-sorted",
        "cursor",
        "mark",
        "absent",
        "note",
        *(tone.value for tone in Tone),
    )
)
"""The component classes by which a theme styles a table."""


class Sorting(NamedTuple):
    """By which column the rows are sorted."""

    column: str
    is_falling: bool = False


def paint_header(layout: Layout, sorting: Sorting | None, style: Callable[[str], Style], width: int) -> Strip:
    """Paint the titles; a sign stands at the sorted one, and at the left where columns are out of view."""
    plain, sorted_style = style(f"{_PREFIX}header"), style(f"{_PREFIX}header-sorted")
    signs = (_BEFORE if layout.has_hidden_before else " ") + (_AFTER if layout.has_hidden_after else " ")
    segments = [Segment(signs, plain)]
    for place in layout.places:
        is_sorted = sorting is not None and sorting.column == place.column.key
        title = _title(place.column, place.width, sorting if is_sorted else None)
        segments += (Segment(title, sorted_style if is_sorted else plain), Segment(" " * GAP, plain))
    return _line(segments, plain, width)


def paint_line(line: Line, layout: Layout, style: Callable[[str], Style], width: int) -> Strip:
    """Paint a row: the cursor's line in one style, else a marked one in one, else each cell in its tone."""
    signs = (_CURSOR if line.is_cursor else " ") + (_MARK if line.is_marked else " ")
    whole = _whole_line_style(line, style)
    plain = whole or style(f"{_PREFIX}{Tone.PLAIN.value}")
    segments = [Segment(signs, plain)]
    for place in layout.places:
        cell = _cell(line.row, place.cell_index)
        text = fit(cell.text, place.width, is_number=place.column.is_number)
        segments.append(Segment(text + " " * GAP, whole or style(f"{_PREFIX}{cell.tone.value}")))
    return _line(segments, plain, width)


def paint_note(text: str, style: Callable[[str], Style], width: int) -> Strip:
    """Paint a line of text that stands where there are no rows."""
    plain = style(f"{_PREFIX}note")
    return _line([Segment(" " * GUTTER + fit(text, max(0, width - GUTTER)), plain)], plain, width)


def _whole_line_style(line: Line, style: Callable[[str], Style]) -> Style | None:
    if line.is_cursor:
        return style(f"{_PREFIX}cursor")
    if line.is_marked:
        return style(f"{_PREFIX}mark")
    return style(f"{_PREFIX}absent") if line.row is None else None


def _cell(row: Row | None, index: int) -> Cell:
    if row is None:
        return Cell(_ABSENT)
    cell = row[index] if index < len(row) else ""
    return Cell(cell) if isinstance(cell, str) else cell


def _title(column: Column, width: int, sorting: Sorting | None) -> str:
    if sorting is None:
        return fit(column.title, width, is_number=column.is_number)
    # The sign stays when the title is cut, and stands beside it when there is room.
    sign = _FALLING if sorting.is_falling else _RISING
    room = max(0, width - len(sign))
    title = fit(column.title, min(room, len(column.title)))
    return fit(title + sign, width, is_number=column.is_number)


def _line(segments: Iterable[Segment], plain: Style, width: int) -> Strip:
    return Strip(segments).adjust_cell_length(width, plain)
