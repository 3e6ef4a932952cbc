"""Lets the columns of a list be chosen: Space shows or hides one, Enter keeps what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from smq_core.safe_text import cell
from smq_tui.dialogs.dialog import Dialog, text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textual.app import ComposeResult

    from smq_tui.widgets.keyed_table.table_columns import Column

__all__ = ["Columns"]


class Columns(Dialog[frozenset[str]]):
    """The columns of a list; the answer names those that are hidden."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "turn", "Show or hide", id="dialog.toggle", tooltip="Show or hide this column"),
        Binding("a", "show_all", "Show all", id="dialog.all", tooltip="Show every column"),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
        Binding("q", "leave", show=False),
    ]
    DEFAULT_CSS = """
    Columns OptionList, Columns OptionList:focus { border: none; padding: 0; background: $surface; }
    Columns OptionList { height: auto; max-height: 60vh; }
    """

    def __init__(self, columns: Sequence[Column], hidden: Collection[str]) -> None:
        """Offer columns; the first says what a row is, and stays."""
        super().__init__()
        self._columns = tuple(columns)
        self._hidden = set(hidden)

    def title_text(self) -> str:
        """Return what is chosen."""
        return "Columns of this list"

    def compose_body(self) -> ComposeResult:
        """Yield a line for each column, and the keys."""
        yield OptionList(*(Option(self._label(column)) for column in self._columns), markup=False)
        keys = "Space shows or hides, a shows all, Enter applies, Esc cancels."
        note = "l and h scroll to columns that do not fit."
        yield text([(f"{keys}\n{note}", "")], classes="dialog-note")

    def on_mount(self) -> None:
        """Begin at the first that can be hidden."""
        options = self.query_one(OptionList)
        options.highlighted = min(1, len(self._columns) - 1)
        options.focus()

    def action_move(self, where: str) -> None:
        """Go up or down."""
        options = self.query_one(OptionList)
        if where == "down":
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_turn(self) -> None:
        """Show or hide the column at the cursor; the first stays."""
        index = self.query_one(OptionList).highlighted
        if index:
            self._hidden ^= {self._columns[index].key}
            self._update_label()

    def action_show_all(self) -> None:
        """Show every column."""
        self._hidden.clear()
        self._update_label()

    @on(OptionList.OptionSelected)
    def _keep(self) -> None:
        self.dismiss(frozenset(self._hidden))

    def _update_label(self) -> None:
        options = self.query_one(OptionList)
        for index, column in enumerate(self._columns):
            options.replace_option_prompt_at_index(index, self._label(column))

    def _label(self, column: Column) -> Content:
        sign = " " if column.key in self._hidden else "x"
        fixed = "   (always)" if column is self._columns[0] else ""
        return Content(cell(f"[{sign}] {column.title}{fixed}", 60))
