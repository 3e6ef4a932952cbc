"""What a table tells the screen it is on. The keys in a message are of the moment it was posted.

An action asks the table for its targets when it is carried out, and does not remember them from messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from smq_tui.widgets.keyed_table.key_order import Key
    from smq_tui.widgets.keyed_table.keyed_table import KeyedTable

__all__ = [
    "CursorMoved",
    "MarkLimitReached",
    "MarksChanged",
    "MoreWanted",
    "RowActivated",
    "RowsWanted",
    "SortRequested",
    "TableMessage",
]


class TableMessage(Message):
    """Anything that a table posts."""

    def __init__(self, table: KeyedTable) -> None:
        super().__init__()
        self.table = table
        # Else the sender is whoever handled something when the table changed; it would go no further.
        self.set_sender(table)

    @property
    def control(self) -> KeyedTable:
        """The table, for handlers that are chosen by a selector."""
        return self.table


class RowActivated(TableMessage, namespace="keyed_table"):
    """A row was chosen, with Enter or a double click."""

    def __init__(self, table: KeyedTable, key: Key) -> None:
        super().__init__(table)
        self.key = key


class CursorMoved(TableMessage, namespace="keyed_table"):
    """The cursor stands on another row, because it was moved or because its row went away."""

    def __init__(self, table: KeyedTable, key: Key | None) -> None:
        super().__init__(table)
        self.key = key

    def can_replace(self, message: Message) -> bool:
        """Only where the cursor came to stand matters."""
        return isinstance(message, CursorMoved) and message.table is self.table


class MarksChanged(TableMessage, namespace="keyed_table"):
    """Rows were marked or unmarked, or marked rows went away."""

    def __init__(self, table: KeyedTable, keys: frozenset[Key]) -> None:
        super().__init__(table)
        self.keys = keys

    def can_replace(self, message: Message) -> bool:
        """Only what is marked in the end matters."""
        return isinstance(message, MarksChanged) and message.table is self.table


class MarkLimitReached(TableMessage, namespace="keyed_table"):
    """A table holds as many marks as it can; actions on more rows are for all that match a filter."""

    def __init__(self, table: KeyedTable, limit: int) -> None:
        super().__init__(table)
        self.limit = limit


class SortRequested(TableMessage, namespace="keyed_table"):
    """The title of a column was clicked."""

    def __init__(self, table: KeyedTable, column: str) -> None:
        super().__init__(table)
        self.column = column


class RowsWanted(TableMessage, namespace="keyed_table"):
    """Rows in view, and around it, are not at hand or may have changed; those in view come first."""

    def __init__(self, table: KeyedTable, keys: tuple[Key, ...]) -> None:
        super().__init__(table)
        self.keys = keys

    def can_replace(self, message: Message) -> bool:
        """Only the latest matters: it names all that are wanted."""
        return isinstance(message, RowsWanted) and message.table is self.table


class MoreWanted(TableMessage, namespace="keyed_table"):
    """The window came near the last of the keys, and the order says that there are more."""
