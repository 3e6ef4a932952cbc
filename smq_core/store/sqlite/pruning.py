"""Removes what is past its time: finished and deleted messages, what undoes need, activity, empty topics.

It touches no unfinished message and no dead letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.session import CHUNK, Session

if TYPE_CHECKING:
    import apsw

__all__ = ["ACTIVITY_KEPT", "EMPTY_KEPT_MS", "TRASH_KEPT_MS", "Pruning"]

TRASH_KEPT_MS: Final = 24 * 3600 * 1000
"""How long deleted messages, and the undo of any operation, are kept."""
ACTIVITY_KEPT: Final = 10_000
"""Entries of the activity that are kept, beside those that can be undone."""
EMPTY_KEPT_MS: Final = 24 * 3600 * 1000
"""How long an empty topic without settings is kept."""

_DUE = query("prune_due")
_STEPS = [
    query(name) for name in ("prune_done", "prune_trash", "date_finished", "prune_undo", "prune_activity")
]
_STALE_TOPICS = query("stale_topics")
_MARK_EMPTY = query("mark_empty")
_DROP_EMPTY = query("drop_empty")


class Pruning(Session):
    """The part of the store that forgets."""

    def prune(self, now_ms: int, *, limit: int = CHUNK) -> int:
        """Remove one short transaction's worth of what is past its time.

        The number of rows touched, 0 when nothing is left to do; the write lock is taken only where there is.
        """
        bounds = {"now": now_ms, "before": now_ms - TRASH_KEPT_MS, "keep": ACTIVITY_KEPT}
        before = {"before": now_ms - EMPTY_KEPT_MS}
        if not self._read(lambda db: db.execute(_DUE, bounds).get or db.execute(_STALE_TOPICS, before).get):
            return 0
        return self._write(lambda db: _prune(db, bounds | {"limit": limit}) + _forget_empty(db, now_ms))


def _prune(db: apsw.Connection, bounds: dict[str, int]) -> int:
    return sum(_changes(db, sql, bounds) for sql in _STEPS)


def _forget_empty(db: apsw.Connection, now_ms: int) -> int:
    db.execute(_MARK_EMPTY, {"now": now_ms})
    return _changes(db, _DROP_EMPTY, {"before": now_ms - EMPTY_KEPT_MS})


def _changes(db: apsw.Connection, sql: str, bounds: dict[str, int]) -> int:
    db.execute(sql, bounds)
    return db.changes()
