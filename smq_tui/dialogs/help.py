"""All keys, made from the bindings as they are (remapped ones too), with what each does.

Enter presses the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from smq_tui.dialogs.dialog import Dialog, text
from smq_tui.filters import FILTER_HELP
from smq_tui.widgets.keyed_table import KeyedTable
from smq_tui.widgets.table_columns import Column
from smq_tui.widgets.table_messages import RowActivated
from smq_tui.widgets.table_rows import Cell, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from smq_tui.key_help import KeyHelp

__all__ = ["Help"]


class Help(Dialog[str]):
    """The keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,f1", "leave", "Close", id="dialog.close", tooltip="Close the help"),
    ]
    DEFAULT_CSS = """
    Help > .dialog-box { width: 98%; }
    Help KeyedTable { height: 70vh; }
    """

    def __init__(self, keys: Sequence[KeyHelp]) -> None:
        super().__init__()
        self._keys = tuple(keys)

    def title_text(self) -> str:
        """Answer the rule that is easy to remember."""
        return "Keys: lowercase looks, UPPERCASE changes"

    def compose_body(self) -> ComposeResult:
        """Yield a table of keys, then the parts of a filter."""
        columns = (
            Column(key="key", title="KEY", width=11, priority=9, is_sortable=False),
            Column(key="does", title="DOES", width=30, priority=8, is_stretching=True, is_sortable=False),
        )
        yield KeyedTable(columns, id="keys")
        yield text(
            [("Enter does it. Colours only repeat what signs and words say.", "")], classes="dialog-note"
        )

    def on_mount(self) -> None:
        """Fill the table."""
        rows: list[tuple[str, tuple[Cell, Cell]]] = []
        group = ""
        for key in self._keys:
            if key.group != group:
                group = key.group
                rows.append((f"group {group}", (Cell(""), Cell(group, Tone.WARNING))))
            rows.append((key.id, (Cell(key.keys, Tone.ACCENT), Cell(key.sentence))))
        rows.append(("group Filters", (Cell(""), Cell("Filters (/): all parts have to hold", Tone.WARNING))))
        rows += [(f"filter {part}", (Cell(part, Tone.ACCENT), Cell(what))) for part, what in FILTER_HELP]
        table = self.query_one(KeyedTable)
        table.set_rows(rows)
        table.focus()

    @on(RowActivated)
    def _choose(self, event: RowActivated) -> None:
        known = {key.id for key in self._keys}
        self.dismiss(str(event.key) if event.key in known else None)
