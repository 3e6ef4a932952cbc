"""Counts what left a topic without having been processed, so that `gone` and `done` can be told apart by it.

One row a topic among the samples, of step 0: purged, pruned from the trash, moved elsewhere. What was done
and is taken back out of it by an operator (requeued, buried, deleted) was processed all the same, and counts
against it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from smq_core.states import State
from smq_core.store.records import Escaped
from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import apsw

    from smq_core.store.sqlite.operators.recheck import SeenRow

__all__ = ["Restorable", "by_action", "coming_back", "forget", "note", "note_undone"]

_ADD = query("add_unprocessed")
_FORGET = query("forget_unprocessed")
_COMING_BACK = query("undo_topics")


class Restorable(NamedTuple):
    """A message that an undo may bring back: where it is, where it goes, and the state it goes to."""

    id: int
    topic: bytes
    topic_before: bytes
    state_before: str


def note(db: apsw.Connection, numbers: Mapping[str | bytes, int]) -> None:
    """Add numbers to those of topics, inside the transaction that makes them true."""
    for topic, number in numbers.items():
        if number:
            raw = topic.raw if isinstance(topic, Escaped) else topic
            db.execute(_ADD, {"topic": raw, "number": number})


def by_action(rows: Iterable[SeenRow], to: str | None) -> Counter[str | bytes]:
    """Count what an action makes of messages as they were before it; `to` is where a move puts them."""
    numbers: Counter[str | bytes] = Counter()
    for row in rows:
        if row.status == State.DONE:
            # it is gone there and done here, or is no longer done
            numbers[row.topic if to is None else to] += -1 if to is None else 1
        elif to is not None:
            numbers[row.topic] += 1
    return numbers


def coming_back(db: apsw.Connection, operation: int, ids: Iterable[int]) -> list[Restorable]:
    """Return where messages are that an undo is about to bring back."""
    found = db.execute(_COMING_BACK, {"operation": operation, "ids": id_array(ids)})
    return [Restorable._make(row) for row in found]


def note_undone(db: apsw.Connection, coming: Iterable[Restorable], undone: set[int]) -> None:
    """Note what the undo of an action makes of those that it brought back."""
    numbers: Counter[str | bytes] = Counter()
    for one in coming:
        if one.id in undone and one.state_before == State.DONE:
            numbers[one.topic_before] += 1
        elif one.id in undone and one.topic != one.topic_before:
            numbers[one.topic] += 1
    note(db, numbers)


def forget(db: apsw.Connection) -> None:
    """Forget the numbers of topics that were dropped."""
    db.execute(_FORGET)
