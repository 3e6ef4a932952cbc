"""Rows that another program stored past the table's own rules (with them switched off), and their mending.

SQLite checks those rules again when such a row is changed: it could neither be leased, nor given back, nor
deleted by an operator. What is asked here walks the whole table, and is asked when a change was refused, and
by the doctor.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.states import State
from smq_core.store.sqlite.foreign_rows.dead_messages import dead_messages
from smq_core.store.sqlite.foreign_rows.decoding import legible
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import apsw

    from smq_core.store.failed_message import FailedMessage

__all__ = [
    "Flaw",
    "Mended",
    "flawed_messages",
    "flawed_policies",
    "flawed_topics",
    "mend",
    "mend_policies",
    "without_checks",
]

_MESSAGES: Final = query("flawed_messages")
_MEND: Final = query("mend_message")
_TOPICS: Final = query("flawed_topics")
_POLICIES: Final = query("flawed_policies")
_MEND_POLICIES: Final = query("mend_policies")
_ZERO: Final = query("zero_topics")
_COUNT: Final = query("recount_topics")
_LEFT_AS_THEY_ARE: Final = frozenset((State.DEAD, State.DONE, State.DELETED))


class Mended(NamedTuple):
    """What was mended."""

    rows: int
    dead: list[FailedMessage]
    """The messages that went to the dead letters."""


class Flaw(NamedTuple):
    """The columns of flawed_messages."""

    id: int
    status: str
    is_held: int
    columns: str


def flawed_messages(db: apsw.Connection) -> list[Flaw]:
    """Return the messages that no change can get past the table's rules."""
    return legible(lambda reading: [Flaw._make(row) for row in reading.execute(_MESSAGES)])(db)


def flawed_topics(db: apsw.Connection) -> list[str]:
    """Return the topics whose counters cannot be counted on."""
    return legible(lambda reading: [str(row[0]) for row in reading.execute(_TOPICS)])(db)


def flawed_policies(db: apsw.Connection) -> list[str]:
    """Return the topics whose policy has values that none may have."""
    return legible(lambda reading: [str(row[0]) for row in reading.execute(_POLICIES)])(db)


def mend_policies(db: apsw.Connection) -> int:
    """Unset what may not stand in a policy, inside a transaction; return how many topics had such."""
    found = len(flawed_policies(db))
    if found:
        db.execute(_MEND_POLICIES)
    return found


def mend(db: apsw.Connection, now_ms: int) -> Mended:
    """Repair all such rows inside a transaction.

    A message that waited goes to the dead letters, with the reason; every other one stays where it is.
    """
    flaws, topics = flawed_messages(db), flawed_topics(db)
    if topics:
        db.execute(_ZERO)
    with without_checks(db):
        buried = _mend_messages(db, flaws, now_ms)
    if topics:
        db.execute(_COUNT)
    return Mended(len(flaws) + len(topics), dead_messages(db, buried))


@contextmanager
def without_checks(db: apsw.Connection) -> Iterator[None]:
    """Let changes pass the table's checks, which a row's id may be beside that stays as it is."""
    db.execute("PRAGMA ignore_check_constraints = ON")
    try:
        yield
    finally:
        db.execute("PRAGMA ignore_check_constraints = OFF")


def _mend_messages(db: apsw.Connection, flaws: Sequence[Flaw], now_ms: int) -> list[int]:
    """Mend messages; return the ids of those that are buried."""
    buried: list[int] = []
    for flaw in flaws:
        is_buried = not flaw.is_held and flaw.status not in _LEFT_AS_THEY_ARE
        if is_buried:
            buried.append(flaw.id)
        db.execute(
            _MEND,
            {
                "id": flaw.id,
                "now": now_ms,
                "status": State.DEAD if is_buried else flaw.status,
                "is_held": flaw.is_held,
                "is_buried": is_buried,
                "error": f"another program stored invalid values: its {flaw.columns}",
            },
        )
    return buried
