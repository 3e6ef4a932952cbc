"""Messages as rows of tables. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from smq_core.format import age, payload_preview
from smq_tui.values import State
from smq_tui.widgets.keyed_table.table_columns import Column
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone

if TYPE_CHECKING:
    from smq_tui.values import Message
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = [
    "MESSAGE_COLUMNS",
    "PREVIEW",
    "holder_hint",
    "message_columns",
    "message_row",
    "row_hint",
    "state_cell",
    "texts_of",
]

PREVIEW: Final = 240
_TONES: Final = {
    State.READY: Tone.GOOD,
    State.PROCESSING: Tone.WARNING,
    State.DEAD: Tone.BAD,
    State.DELAYED: Tone.ACCENT,
}

MESSAGE_COLUMNS: Final = (
    Column(key="id", title="ID", width=9, priority=99, is_number=True),
    Column(key="topic", title="TOPIC", width=14, priority=50, is_sortable=False),
    Column(key="state", title="STATE", width=14, priority=80, is_sortable=False),
    Column(key="age", title="AGE", width=6, priority=70, is_number=True, is_sortable=False),
    Column(key="tries", title="TRIES", width=5, priority=45, is_number=True, is_sortable=False),
    Column(key="priority", title="PRIO", width=4, priority=20, is_number=True, is_sortable=False),
    Column(key="key", title="KEY", width=10, priority=10, is_sortable=False),
    Column(key="error", title="ERROR", width=18, priority=30, is_sortable=False),
    Column(key="payload", title="PAYLOAD", width=20, priority=90, is_stretching=True, is_sortable=False),
)


def message_columns(*, has_topic: bool, is_dead: bool = False) -> tuple[Column, ...]:
    """Return the columns; a list of one topic does without its name in each row.

    Among dead letters the error matters more than the state, and shares the room that is left over.
    """
    columns = tuple(column for column in MESSAGE_COLUMNS if has_topic or column.key != "topic")
    if not is_dead:
        return columns
    return tuple(_among_dead(column) for column in columns)


def message_row(message: Message, now: float, *, has_topic: bool = True) -> Row:
    """Return a message's row of a list of messages."""
    return (
        Cell(str(message.id), Tone.ACCENT),
        *((message.topic,) if has_topic else ()),
        state_cell(message, now),
        age(now - message.created_at),
        Cell(str(message.attempts), Tone.PLAIN if message.attempts else Tone.MUTED),
        Cell(str(message.priority), Tone.PLAIN if message.priority else Tone.MUTED),
        Cell(message.key or "", Tone.MUTED),
        Cell(message.error_kind or "", Tone.BAD if message.state is State.DEAD else Tone.MUTED),
        payload_preview(message.payload, PREVIEW),
    )


def row_hint(message: Message) -> tuple[str, Tone]:
    """Return the last error of a message that has one, else its payload: what a row has no room for."""
    if message.error_kind and message.state in (State.DEAD, State.DELAYED):
        return message.error_kind, Tone.BAD if message.state is State.DEAD else Tone.WARNING
    return payload_preview(message.payload, PREVIEW), Tone.MUTED


def holder_hint(message: Message) -> str:
    """Return who holds a message, and its payload."""
    return f"{message.worker or 'unnamed'}  {payload_preview(message.payload, PREVIEW)}"


def _among_dead(column: Column) -> Column:
    match column.key:
        case "error":
            return replace(column, width=28, priority=85, is_stretching=True)
        case "state":
            return replace(column, priority=25)
        case "age":
            return replace(column, priority=40)
    return column


def state_cell(message: Message, now: float) -> Cell:
    """Describe a message's state as it is at a moment: expired, or delayed and how long still."""
    if message.state is State.PROCESSING and (message.locked_until or 0.0) <= now:
        return Cell("! expired", Tone.BAD)
    if message.state is State.DELAYED:
        wait = message.available_at - now
        return Cell("delayed, due" if wait <= 0 else f"delayed {age(wait)}", Tone.ACCENT)
    return Cell(message.state.word, _TONES.get(message.state, Tone.MUTED))


def texts_of(message: Message) -> tuple[str, ...]:
    """Return what plain words are looked for in."""
    preview = payload_preview(message.payload, PREVIEW)
    return (
        str(message.id),
        message.topic,
        message.worker or "",
        message.key or "",
        message.last_error or "",
        preview,
    )
