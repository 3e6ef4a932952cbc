"""The record of what operators do: one operation for an action, however many transactions it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.message import ActivityEntry, Missed, Outcome
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

__all__ = ["MOST_MISSED", "OperationProgress", "Recorded", "begin", "count", "discard_if_empty"]

MOST_MISSED: Final = 1_000
"""Missed messages that an outcome names; beyond, they are counted."""

_BEGIN = query("begin_operation")
_USED_UP = query("operations_used_up")
_LAST_SENSIBLE = query("last_sensible_operation")
_ABSURD = query("absurd_operations")
_RENUMBER = (query("renumber_operation"), query("renumber_undo"))
_RESTART = query("restart_operations")
_COUNT = query("count_operation")
_DISCARD = query("discard_operation")


class Recorded(NamedTuple):
    """The columns of an operation that describe it."""

    id: int
    at: int
    actor: str
    action: str
    topic: str | None
    changed: int
    detail: str
    undone_at: int | None

    def entry(self, *, is_undoable: bool = False) -> ActivityEntry:
        """Return the operation as the activity log shows it."""
        return ActivityEntry(
            operation=self.id,
            at=self.at / 1000,
            actor=self.actor,
            action=self.action,
            topic=self.topic,
            count=self.changed,
            detail=self.detail,
            undone_at=None if self.undone_at is None else self.undone_at / 1000,
            is_undoable=is_undoable,
        )


class OperationProgress:
    """What an action has done so far."""

    def __init__(self, operation: int | None = None) -> None:
        """Begin with nothing done."""
        self.operation = operation
        self.done = 0
        self.done_ids: list[int] = []
        self.missed: list[Missed] = []
        self.missed_count = 0
        self.moved_on = 0
        self.left_ready = 0

    def add_missed(self, missed: Iterable[Missed]) -> None:
        """Count messages that were left alone, and keep the first of them with why."""
        for one in missed:
            self.missed_count += 1
            if len(self.missed) < MOST_MISSED:
                self.missed.append(one)

    def add_moved_on(self, missed: Sequence[Missed]) -> None:
        """Count messages that were left alone because they were no longer as they had been seen."""
        self.moved_on += len(missed)
        self.add_missed(missed)

    def outcome(self, *, names_ids: bool) -> Outcome:
        """Return what was done, truthfully."""
        return Outcome(
            operation=self.operation if self.done else None,
            done=self.done,
            done_ids=tuple(self.done_ids) if names_ids else (),
            missed=tuple(self.missed),
            missed_count=self.missed_count,
            moved_on=self.moved_on,
            left_ready=self.left_ready,
        )


def begin(
    db: apsw.Connection,
    action: str,
    *,
    actor: str,
    now_ms: int,
    topic: str | None = None,
    detail: str = "",
    before: str | None = None,
) -> int:
    """Record an action and return its operation's id.

    `before` is what undoing it needs, where no message was changed.
    """
    if db.execute(_USED_UP).get:
        _renumber(db)
    db.execute(_BEGIN, (now_ms, actor, action, topic, detail, before))
    return db.last_insert_rowid()


def count(db: apsw.Connection, operation: int, changed: int) -> None:
    """Add to the number of messages that an operation changed."""
    db.execute(_COUNT, (changed, operation))


def discard_if_empty(db: apsw.Connection, operation: int) -> None:
    """Forget an operation that changed nothing."""
    db.execute(_DISCARD, (operation,))


def _renumber(db: apsw.Connection) -> None:
    """Give operations with absurd ids, which another program set, the ids behind the others."""
    last: int = db.execute(_LAST_SENSIBLE).get
    for after, (before,) in enumerate(db.execute(_ABSURD).fetchall(), last + 1):
        for sql in _RENUMBER:
            db.execute(sql, {"to": after, "from": before})
    db.execute(_RESTART)
