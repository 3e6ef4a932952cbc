"""Lets one of a few things be chosen: what to copy, a theme, a column to sort by, a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from smq_core.safe_text import cell
from smq_tui.dialogs.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

__all__ = ["Choice"]


class Choice(Dialog[str]):
    """A list of options; the answer is the chosen one's id."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
        Binding("q", "leave", show=False),
    ]
    DEFAULT_CSS = """
    Choice OptionList, Choice OptionList:focus { border: none; padding: 0; background: $surface; }
    Choice OptionList { height: auto; max-height: 70vh; }
    """

    def __init__(self, title: str, options: Sequence[tuple[str, str]], chosen: str | None = None) -> None:
        """Offer options, each an id and a label."""
        super().__init__()
        self._title_text = title
        self._options = tuple(options)
        self._chosen = chosen

    def title_text(self) -> str:
        """Return what is chosen."""
        return self._title_text

    def compose_body(self) -> ComposeResult:
        """Yield the options."""
        yield OptionList(*(Option(Content(cell(label, 200))) for _, label in self._options), markup=False)

    def on_mount(self) -> None:
        """Begin at what is chosen now."""
        ids = [option_id for option_id, _ in self._options]
        options = self.query_one(OptionList)
        options.highlighted = ids.index(self._chosen) if self._chosen in ids else 0
        options.focus()

    def action_move(self, where: str) -> None:
        """Go up or down."""
        options = self.query_one(OptionList)
        if where == "down":
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._options[event.option_index][0])
