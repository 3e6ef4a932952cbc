"""Keys of every table. They look and mark; none changes what is stored. Each can be remapped by its id."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

__all__ = ["TABLE_BINDINGS"]


def _key(keys: str, name: str, action: str, description: str, tooltip: str) -> Binding:
    return Binding(keys, action, description, show=False, tooltip=tooltip, id=f"table.{name}")


TABLE_BINDINGS: Final[list[BindingType]] = [
    _key("j,down", "down", "move('down')", "Down", "Go to the next row"),
    _key("k,up", "up", "move('up')", "Up", "Go to the previous row"),
    _key("g,home", "first", "move('start')", "First", "Go to the first row"),
    _key("G,end", "last", "move('end')", "Last", "Go to the last row, and follow new ones until you move"),
    _key("pagedown", "page_down", "move('page_down')", "Page down", "Go down one page"),
    _key("pageup", "page_up", "move('page_up')", "Page up", "Go up one page"),
    _key(
        "l,right", "columns_right", "shift_columns(1)", "Columns right", "Scroll to the columns on the right"
    ),
    _key("h,left", "columns_left", "shift_columns(-1)", "Columns left", "Scroll to the columns on the left"),
    _key("space", "mark", "toggle_mark", "Mark", "Mark or unmark this row, and go to the next"),
    _key("v", "range", "toggle_range", "Range", "Mark the rows you move over; press v again to stop"),
    _key("shift+down", "mark_down", "extend(1)", "Mark down", "Mark this row and the next"),
    _key("shift+up", "mark_up", "extend(-1)", "Mark up", "Mark this row and the previous one"),
    _key("escape", "cancel_range", "cancel_range", "Cancel the range", "Cancel marking a range"),
    _key("u", "unmark", "clear_marks", "Unmark", "Unmark all rows"),
    _key("enter", "open", "activate", "Open", "Open this row"),
]
"""In the order in which help shows them."""
