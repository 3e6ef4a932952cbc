"""All keys, made from the bindings as they are (remapped ones too), with what each does.

Those of the screen that is shown come first; typing keeps those that have all of the words. Enter presses
the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from smq_tui.dialogs.dialog import Dialog, text
from smq_tui.text.filters import FILTER_HELP
from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_messages import RowActivated
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from smq_tui.keys.key_help import KeyHelp

__all__ = ["Help"]

_FILTERS: Final = "Filters (/): all parts must match"


class Help(Dialog[str]):
    """The keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,f1", "leave", "Close", id="dialog.close", tooltip="Close the help"),
        Binding("slash", "search", "Search", id="dialog.search", tooltip="Type words to search for"),
        Binding("down", "to_keys", show=False),
        # Among the keys, letters of a word that is typed on would close the help.
        Binding("tab,shift+tab", "search", show=False),
    ]
    DEFAULT_CSS = """
    Help > .dialog-box { width: 98%; }
    Help KeyedTable { height: 1fr; }
    Help .dialog-box { height: 90%; }
    """

    def __init__(self, keys: Sequence[KeyHelp], screen: str = "", first: Sequence[str] = ()) -> None:
        """Show keys; `first` are the ids of those that matter most on the screen of that name."""
        super().__init__()
        by_id = {key.id: key for key in keys}
        names = (key_id if key_id in by_id else f"table.{key_id}" for key_id in first)
        here = [by_id[name] for name in names if name in by_id]
        others = (key for key in keys if key not in here)
        self._keys = (*(key._replace(group=f"Here: {screen}") for key in here), *others)

    def title_text(self) -> str:
        """Return the rule that is easy to remember."""
        return "Keys: lowercase shows, UPPERCASE changes"

    def compose_body(self) -> ComposeResult:
        """Yield a table of keys, then the parts of a filter."""
        columns = (
            Column(key="key", title="KEY", width=11, priority=9, is_sortable=False),
            Column(key="does", title="DOES", width=30, priority=8, is_stretching=True, is_sortable=False),
        )
        yield Input(placeholder="/ then type to search: pause, undo, filter …", id="words")
        yield KeyedTable(columns, id="keys")
        yield text([("Enter runs it, Esc closes.", "")], classes="dialog-note")

    def on_mount(self) -> None:
        """Fill the table."""
        self._fill("")
        self.query_one(KeyedTable).focus()

    def action_search(self) -> None:
        """Go to the line in which words are typed."""
        self.query_one(Input).focus()

    def action_to_keys(self) -> None:
        """Go from the words to the keys."""
        self.query_one(KeyedTable).focus()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _end_search(self) -> None:
        self.action_to_keys()

    @on(RowActivated)
    def _choose(self, event: RowActivated) -> None:
        group, _, key_id = str(event.key).partition("\0")
        self.dismiss(key_id or None if group != _FILTERS else None)

    def _fill(self, words: str) -> None:
        lines = [(key.group, key.id, key.keys, key.sentence) for key in self._keys]
        lines += [(_FILTERS, part, part, what) for part, what in FILTER_HELP]
        wanted = words.casefold().split()
        rows: list[tuple[str, tuple[Cell, Cell]]] = []
        group = ""
        for heading, line_id, keys, sentence in lines:
            text_of_line = f"{line_id} {keys} {sentence}".casefold()
            if not all(word in text_of_line for word in wanted):
                continue
            if heading != group:
                group = heading
                rows.append((heading, (Cell(""), Cell(heading, Tone.WARNING))))
            rows.append((f"{heading}\0{line_id}", (Cell(keys, Tone.ACCENT), Cell(sentence))))
        table = self.query_one(KeyedTable)
        table.note = "" if rows else f"No key matches {words}. Press Ctrl+P to search the actions by name."
        table.set_rows(rows)
        table.action_move("start")
        # From the heading to the first key, once the heading has a line to stand on.
        self.call_after_refresh(table.action_move, "down")
