"""Reads, for the log, messages that have just become dead, whatever another program stored in their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.states import State
from smq_core.store.failed_message import FailedMessage
from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder, legible
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

__all__ = ["dead_messages"]

_DEAD: Final = query("dead_messages")


class _Dead(NamedTuple):
    """The columns of dead_messages."""

    id: int
    topic: str
    attempts: int
    last_error: str | None


def dead_messages(db: apsw.Connection, ids: Iterable[int]) -> list[FailedMessage]:
    """Return the messages that are dead among some, in the order of their ids."""
    if not (wanted := list(ids)):
        return []
    rows = legible(lambda reading: reading.execute(_DEAD, (id_array(wanted),)).fetchall())(db)
    return [
        FailedMessage(row.id, row.topic, row.attempts, row.last_error or "", State.DEAD)
        for row in map(_dead, rows)
    ]


_dead = RecordDecoder(_Dead)
