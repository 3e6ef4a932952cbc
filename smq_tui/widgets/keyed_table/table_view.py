"""The face of a table: a header that stays, the lines in view, and the terminal's cursor on the selected row.

It paints lines that it is given. What they are, and what keys do to them, is decided elsewhere.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.geometry import Offset, Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.widget import Widget

from smq_tui.widgets.keyed_table.row_painter import COMPONENTS, Sorting, paint_header, paint_line, paint_note
from smq_tui.widgets.keyed_table.table_columns import Layout, last_shift, lay_out

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textual.strip import Strip

    from smq_tui.widgets.keyed_table.table_columns import Column
    from smq_tui.widgets.keyed_table.table_rows import Line

__all__ = ["HEADER_LINES", "TableView"]

HEADER_LINES = 1
_DIM = Style(dim=True)
_LOOKING = "Looking…"


class TableView(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines of cells under a header."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    DEFAULT_CSS = """
    TableView {
        height: 1fr;
        background: $surface;
        color: $foreground;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;

        & > .keyed-table--header { background: $panel; color: $foreground; text-style: bold; }
        & > .keyed-table--header-sorted { background: $panel; color: $text-accent; text-style: bold; }
        & > .keyed-table--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .keyed-table--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        & > .keyed-table--mark { background: $warning-muted; color: $foreground; text-style: bold; }
        &:ansi > .keyed-table--mark { background: ansi_default; color: $text-warning; }
        & > .keyed-table--absent { color: $text-muted; }
        & > .keyed-table--note { color: $text-muted; }
        & > .keyed-table--muted { color: $text-muted; }
        & > .keyed-table--accent { color: $text-accent; }
        & > .keyed-table--good { color: $text-success; }
        & > .keyed-table--warning { color: $text-warning; }
        & > .keyed-table--bad { color: $text-error; text-style: bold; }
    }
    """

    sorting: reactive[Sorting | None] = reactive(None)
    """The column whose title bears the sign of sorting; the rows come sorted."""
    note: reactive[str] = reactive("")
    """What stands below the header while there are no rows: why, and what to do."""
    is_stale: reactive[bool] = reactive(default=False)
    """True while the rows may be out of date: they are dimmed."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.auto_links = False
        self._columns = tuple(columns)
        self._hidden: frozenset[str] = frozenset()
        self._shift = 0
        self._layout: Layout | None = None
        self._layout_width = 0
        self._lines: list[Line] = []
        self._is_showing = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in view or not."""
        return self._columns

    @property
    def hidden(self) -> frozenset[str]:
        """The keys of hidden columns."""
        return self._hidden

    def hide_columns(self, keys: Collection[str]) -> None:
        """Leave these columns out; the first, which says what a row is, stays."""
        self._hidden = frozenset(keys) - {self._columns[0].key}
        self._shift = 0
        self._layout = None
        self.refresh()

    @property
    def columns_in_view(self) -> frozenset[str]:
        """The keys of the columns that have room now."""
        return frozenset(place.column.key for place in self._placed_columns().places)

    def column_at(self, x: int) -> Column | None:
        """Return the column at a cell of a line, None beside all columns."""
        return self._placed_columns().column_at(x)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Take other columns; the rows that come next have their cells."""
        self._columns = tuple(columns)
        self._shift = 0
        self._layout = None
        self.refresh()

    def shift_columns(self, by: int) -> bool:
        """Bring columns into view that have no room; False when there are none in that direction."""
        shift = max(0, min(self._shift + by, last_shift(self._shown(), self.scrollable_size.width)))
        if shift == self._shift:
            return False
        self._shift = shift
        self._layout = None
        self.refresh()
        return True

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint, and put the terminal's cursor on the row: screen readers and magnifiers go where it goes."""
        if self.has_focus and self.app.screen is self.screen:
            self._place_terminal_cursor()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Paint one line of the window."""
        strip = self._paint(y)
        return strip.apply_style(_DIM) if self.is_stale and y >= HEADER_LINES else strip

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Report when somebody else than `show` moved the window: the wheel, or the scroll bar."""
        super().watch_scroll_y(old_value, new_value)
        if not self._is_showing:
            self.window_moved(round(new_value))

    def window_moved(self, top: int) -> None:
        """Take note that another row is to be the first in view; for classes that know the rows."""

    def show(self, lines: list[Line], top: int, row_count: int) -> None:
        """Show these lines, the first of them the `top`-th of all rows; repaint those that look different."""
        before, self._lines = self._lines, lines
        self._is_showing = True
        self._take_length(row_count + HEADER_LINES)
        if self.is_mounted and round(self.scroll_y) != top:
            self.scroll_to(y=top, animate=False, force=True)
        self._is_showing = False
        if bool(before) != bool(lines) or _are_absent(before) != _are_absent(lines):
            # A note came or went, which may have had more lines than there are rows.
            self.refresh()
            return
        for number, (old, new) in enumerate(zip_longest(before, lines)):
            if old != new:
                self.refresh(Region(0, HEADER_LINES + number, self.scrollable_size.width, 1))

    def _take_length(self, lines: int) -> None:
        """Inform the scroll bar how many lines there are."""
        size = Size(0, lines)
        if self.is_mounted and self.show_vertical_scrollbar and lines > self.scrollable_size.height:
            # The bar alone is redrawn: else each message that comes would lay out the whole screen.
            self.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType]  # the class gives its descriptor
            self.vertical_scrollbar.window_virtual_size = lines
        else:
            self.virtual_size = size

    def _placed_columns(self) -> Layout:
        # Asked for when painting: the width also changes when the scroll bar comes or goes, without an event.
        width = self.scrollable_size.width
        if self._layout is None or width != self._layout_width:
            self._layout_width = width
            shown = self._shown()
            self._shift = min(self._shift, last_shift(shown, width))
            self._layout = _among(self._columns, lay_out(shown, width, self._shift))
        return self._layout

    def _shown(self) -> tuple[Column, ...]:
        return tuple(column for column in self._columns if column.key not in self._hidden)

    def _paint(self, y: int) -> Strip:
        style, width = self.get_component_rich_style, self.scrollable_size.width
        layout = self._placed_columns()
        if y < HEADER_LINES:
            return paint_header(layout, self.sorting, style, width)
        number = y - HEADER_LINES
        if number < len(self._lines) and not _are_absent(self._lines):
            return paint_line(self._lines[number], layout, style, width)
        notes = [_LOOKING] if self._lines else self.note.splitlines()
        return paint_note(notes[number] if number < len(notes) else "", style, width)

    def _place_terminal_cursor(self) -> None:
        number = next((number for number, line in enumerate(self._lines) if line.is_cursor), None)
        if number is not None:
            self.app.cursor_position = self.content_region.offset + Offset(0, HEADER_LINES + number)


def _are_absent(lines: Sequence[Line]) -> bool:
    """Check whether there are rows of which none is at hand: a page of dots would tell nothing."""
    return bool(lines) and all(line.row is None for line in lines)


def _among(columns: Sequence[Column], layout: Layout) -> Layout:
    """Return a layout of some columns whose places name their cells among those of all."""
    index = {column.key: number for number, column in enumerate(columns)}
    places = tuple(place._replace(cell_index=index[place.column.key]) for place in layout.places)
    return layout._replace(places=places)
