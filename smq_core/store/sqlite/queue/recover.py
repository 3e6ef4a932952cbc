"""What becomes of the leases of a daemon, or of one of its worker processes, that died.

Whoever notices the death returns them, and says who is blamed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.policy import is_exhausted
from smq_core.states import State
from smq_core.store.records import Hold
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue.settle import bounded_error, error_kind, read_terms, record_attempt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from smq_core.store.records import Failure
    from smq_core.store.sqlite.session import Session

__all__ = ["Recovery"]

_HELD_BY = query("held_by")
_RECOVER_ONE = query("recover_one")
_CHARGED: Final = frozenset({"blamed", "poison"})
"""Verdicts that leave the attempt counted."""


_MOST_CRASHES: Final = 1_000_000


class Recovery:
    """Takes back the leases of daemons and worker processes that died."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def held_by(self, worker: str) -> list[Hold]:
        """Return every lease that a worker holds."""
        return self._session.read(lambda db: [Hold._make(row) for row in db.execute(_HELD_BY, (worker,))])

    def recover(self, holds: Sequence[Hold], worker: str, verdict: str, failure: Failure, now_ms: int) -> int:
        """Return messages of a dead daemon or worker process; the number returned. `worker` is the daemon.

        Verdict `untouched`: it had not been started, and is as before. `suspect`: one of several that had
        been; uncharged, it runs alone next. `blamed`: it crashed its process; the attempt and a crash count,
        and it is dead when exhausted. `poison`: dead immediately.
        """
        return self._session.write(
            lambda db: sum(
                _recover(db, hold, worker, verdict, error=failure.error, now_ms=now_ms) for hold in holds
            )
        )


def _recover(db: apsw.Connection, hold: Hold, worker: str, verdict: str, *, error: str, now_ms: int) -> int:
    terms = read_terms(db, hold)
    if terms is None or terms.worker != worker:
        return 0
    is_charged = verdict in _CHARGED
    is_dead = verdict == "poison" or (
        is_charged and is_exhausted(terms.attempts, terms.max_attempts, terms.policy)
    )
    kept = bounded_error(error) if is_charged else None
    db.execute(
        _RECOVER_ONE,
        {
            "status": State.DEAD if is_dead else State.READY,
            "finished_at": now_ms if is_dead else None,
            "attempts": terms.attempts if is_charged else max(terms.attempts - 1, 0),
            "crashes": min(terms.crashes, _MOST_CRASHES) + is_charged,
            "is_suspect": verdict != "untouched" and not is_dead,
            "error": kept,
            "error_kind": None if kept is None else error_kind(kept),
            "id": hold.id,
            "receipt": hold.receipt,
            "worker": worker,
        },
    )
    if kept is not None:
        record_attempt(db, hold, terms, outcome="recover", error=kept, now_ms=now_ms)
    return 1
