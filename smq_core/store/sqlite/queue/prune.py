"""Removes what is past its time: finished and deleted messages, what undoes need, activity, empty topics.

It touches no unfinished message and no dead letter.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.message import Pruned
from smq_core.serving import LOST_MS
from smq_core.store.sqlite.limits import CHUNK, DELETED_BYTES
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue import unprocessed
from smq_core.store.sqlite.queue.opportunistic_prune import OpportunisticPrune

if TYPE_CHECKING:
    import apsw

    from smq_core.store.sqlite.session import Session

__all__ = ["ACTIVITY_KEPT", "EMPTY_KEPT_MS", "STEP_BYTES", "STEP_ROWS", "TRASH_KEPT_MS", "Pruner"]

TRASH_KEPT_MS: Final = 24 * 3600 * 1000
"""How long deleted messages, and the undo of any operation, are kept."""
ACTIVITY_KEPT: Final = 10_000
"""Entries of the activity log that are kept, in addition to those that can be undone."""
EMPTY_KEPT_MS: Final = 24 * 3600 * 1000
"""How long an empty topic without settings is kept."""

STEP_ROWS: Final = 100
"""Rows of each kind that an opportunistic step removes: a transaction of 2 ms (measured)."""
STEP_BYTES: Final = 1024 * 1024
"""Bytes of messages that it removes, but for a single message that is larger."""

_DUE = query("prune_due")
_STEPS = {
    "done": query("prune_done"),
    "dated": query("date_finished"),
    "undo": query("prune_undo"),
    "activity": query("prune_activity"),
}
_TRASH = query("prune_trash")
_STALE_TOPICS = query("stale_topics")
_MARK_EMPTY = query("mark_empty")
_DROP_EMPTY = query("drop_empty")
_DAEMON = query("daemon_prunes")


class _Bounds(NamedTuple):
    """What has expired, and how much of it is removed at a time."""

    now_ms: int
    rows: int = CHUNK
    size: int = DELETED_BYTES

    @property
    def of_due(self) -> dict[str, int]:
        return {"now": self.now_ms, "before": self.now_ms - TRASH_KEPT_MS, "keep": ACTIVITY_KEPT}

    @property
    def of_steps(self) -> dict[str, int]:
        return self.of_due | {"limit": self.rows, "bytes": self.size}

    @property
    def of_trash(self) -> dict[str, int]:
        return {"before": self.now_ms - TRASH_KEPT_MS, "limit": self.rows, "bytes": self.size}

    @property
    def of_topics(self) -> dict[str, int]:
        return {"before": self.now_ms - EMPTY_KEPT_MS, "limit": self.rows}


class Pruner:
    """Removes what is past its time."""

    def __init__(self, session: Session, *, is_opportunistic: bool = False) -> None:
        """Prune when asked to and, if it `is_opportunistic`, a little after writes of the session."""
        self._session = session
        self._opportunistic = OpportunisticPrune(session.clock, self.prune_if_idle)
        if is_opportunistic:
            session.set_chore(self._opportunistic)

    def prune(self, now_ms: int, *, limit: int = CHUNK) -> Pruned:
        """Remove one short transaction's worth of what is past its time, and return what it was.

        Nothing when nothing is left to do; the write lock is taken only where there is.
        """
        self._session.require_writable()
        self._opportunistic.put_off()
        bounds = _Bounds(now_ms, limit)
        if not self._session.read(partial(_is_due, bounds=bounds)):
            return Pruned()
        return self._session.write(partial(_prune, bounds=bounds))

    def prune_if_idle(self, now_ms: int) -> Pruned:
        """Remove a little if no other connection writes and no daemon prunes; never wait."""
        bounds = _Bounds(now_ms, STEP_ROWS, STEP_BYTES)
        removed = Pruned()

        def look(db: apsw.Connection) -> bool | None:
            return (_is_due(db, bounds) and not _daemon_prunes(db, now_ms)) or None

        def act(db: apsw.Connection, _is_due: bool) -> bool:  # noqa: FBT001 - what a look answers
            nonlocal removed
            removed = _prune(db, bounds)
            return True

        return removed if self._session.follow(look, act) else Pruned()


def _is_due(db: apsw.Connection, bounds: _Bounds) -> bool:
    return bool(
        db.execute(_DUE, bounds.of_due).get
        or db.execute(_STALE_TOPICS, {"before": bounds.of_topics["before"]}).get
    )


def _daemon_prunes(db: apsw.Connection, now_ms: int) -> bool:
    return bool(db.execute(_DAEMON, {"silent_since": now_ms - LOST_MS, "ahead": now_ms + LOST_MS}).get)


def _prune(db: apsw.Connection, bounds: _Bounds) -> Pruned:
    removed = {name: _changes(db, sql, bounds.of_steps) for name, sql in _STEPS.items()}
    rows: list[tuple[bytes]] = db.execute(_TRASH, bounds.of_trash).fetchall()  # type: ignore[assignment]  # as it casts
    thrown_away = Counter[str | bytes](topic for (topic,) in rows)
    unprocessed.note(db, thrown_away)
    db.execute(_MARK_EMPTY, {"now": bounds.now_ms, "limit": bounds.rows})
    topics = _changes(db, _DROP_EMPTY, bounds.of_topics)
    if topics:
        unprocessed.forget(db)
    return Pruned(**removed, trash=thrown_away.total(), topics=topics)


def _changes(db: apsw.Connection, sql: str, bounds: dict[str, int]) -> int:
    # a statement need not use all of them
    db.execute(sql, {name: value for name, value in bounds.items() if f":{name}" in sql})
    return db.changes()
