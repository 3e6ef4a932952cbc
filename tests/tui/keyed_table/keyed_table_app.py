"""A bare application around one table, and a way to run a scenario in a terminal of a given size."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from smq_tui.widgets.keyed_table.keyed_table import KeyedTable
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_messages import TableMessage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.message import Message
    from textual.strip import Strip

    from smq_tui.widgets.keyed_table.key_order import Key
    from smq_tui.widgets.keyed_table.table_rows import Row

COLUMNS = (
    Column(key="topic", title="TOPIC", width=10, priority=9, is_stretching=True),
    Column(key="ready", title="READY", width=7, priority=8, is_number=True),
    Column(key="dead", title="DEAD", width=6, priority=7, is_number=True),
    Column(key="oldest", title="OLDEST", width=8, priority=3, is_number=True),
    Column(key="state", title="STATE", width=12, priority=2, is_sortable=False),
)
TOPICS = tuple(f"topic-{number:02}" for number in range(50))

Message_ = TypeVar("Message_", bound=TableMessage)


class WatchedTable(KeyedTable):
    """A table that remembers which of its lines it was asked to paint."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__(columns)
        self.painted: list[int] = []

    def render_line(self, y: int) -> Strip:
        """Paint, and remember."""
        self.painted.append(y)
        return super().render_line(y)


class TableApp(App[None]):
    """One table, and all that it posted."""

    def __init__(self, columns: Sequence[Column] = COLUMNS) -> None:
        super().__init__()
        self.table = WatchedTable(columns)
        self.messages: list[TableMessage] = []

    def compose(self) -> ComposeResult:
        """Show the table alone."""
        yield self.table

    def remember(self, message: Message) -> None:
        """Keep a message of the table; it arrives once at each widget that it bubbles through."""
        if isinstance(message, TableMessage) and all(message is not known for known in self.messages):
            self.messages.append(message)

    def posted(self, kind: type[Message_]) -> list[Message_]:
        """Return what the table has posted of one kind, and forget it all."""
        found = [message for message in self.messages if isinstance(message, kind)]
        self.messages.clear()
        return found

    def screen_lines(self) -> list[str]:
        """Read the table's lines as they are painted."""
        return [self.table.render_line(y).text for y in range(self.table.size.height)]


Scenario: TypeAlias = Callable[[TableApp, Pilot[None]], Awaitable[None]]


def in_terminal(width: int, height: int) -> Callable[[Scenario], Callable[[], None]]:
    """Make a test of a scenario, which gets a running application of this size."""

    def decorate(scenario: Scenario) -> Callable[[], None]:
        async def run() -> None:
            app = TableApp()
            async with app.run_test(size=(width, height), message_hook=app.remember) as pilot:
                await scenario(app, pilot)

        def test() -> None:
            asyncio.run(run())

        test.__name__, test.__doc__ = scenario.__name__, scenario.__doc__
        return test

    return decorate


def make_row(name: str, number: int = 0) -> Row:
    """Make a row for the bare application's columns."""
    return (name, str(number), "0", "3s", "run")


def make_rows(names: Iterable[str] = TOPICS) -> list[tuple[Key, Row]]:
    """Make rows that are known by their names."""
    return [(name, make_row(name)) for name in names]


def column_starts(line: str, *texts: str) -> list[int]:
    """Return at which cells of the terminal some texts of a line begin."""
    return [cell_len(line[: line.index(text)]) for text in texts]
