"""What becomes of a lease: ack, requeue, release, bury, extend, and recover for the leases of the dead.

Every write is guarded by the receipt in its WHERE clause, never by time, and the affected count says whether the lease was still valid.
"""

from __future__ import annotations

from array import array
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import apsw

from smq_core.message import Receipt
from smq_core.policy import Backoff, TopicPolicy, is_exhausted
from smq_core.states import State
from smq_core.store.records import Hold, Requeued
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.store.records import Failure

__all__ = ["Settling", "ack_all", "error_kind"]

ERROR_LIMIT: Final = 8 * 1024
"""Characters kept of an error."""
KIND_LIMIT: Final = 200
"""Characters of an error's first line, by which dead letters are grouped."""

_ACK_ONE = query("ack_one")
_ACK_MANY = query("ack_many")
_FINISH_MANY = query("finish_many")
_HELD = query("held")
_HELD_PROCESSING = query("held_processing")
_READ_ATTEMPT = query("read_attempt")
_REQUEUE_ONE = query("requeue_one")
_RECORD_ATTEMPT = query("record_attempt")
_RELEASE_MANY = query("release_many")
_EXTEND_MANY = query("extend_many")
_HELD_BY = query("held_by")
_RECOVER_ONE = query("recover_one")


class _Attempt(NamedTuple):
    """What decides the fate of a message that its holder gives back."""

    topic: str
    attempts: int
    max_attempts: int | None
    worker: str | None
    crashes: int
    policy_max_attempts: int | None
    policy_backoff: str | None

    @property
    def policy(self) -> TopicPolicy:
        defaults = TopicPolicy()
        return TopicPolicy(
            max_attempts=self.policy_max_attempts or defaults.max_attempts,
            backoff=Backoff.parse(self.policy_backoff) if self.policy_backoff else defaults.backoff,
        )


class Settling(Session):
    """The part of the store that holders of leases use."""

    def ack(self, holds: Sequence[Hold], now_ms: int) -> list[Hold]:
        """Finish messages by id and receipt, late ones too; answers the lost ones."""
        return self._write(lambda db: ack_all(db, holds, now_ms))

    def requeue(self, hold: Hold, failure: Failure, now_ms: int) -> Requeued | None:
        """Give a processing message back for another attempt, or to the dead letters when exhausted; None: lost."""
        return self._write(lambda db: _requeue(db, hold, failure, now_ms))

    def bury(self, hold: Hold, failure: Failure, now_ms: int) -> bool:
        """Send a processing message to the dead letters; False: lost."""

        def work(db: apsw.Connection) -> bool:
            attempt = _read_attempt(db, hold)
            if attempt is None:
                return False
            _give_back(db, hold, attempt, failure, Requeued(State.DEAD, now_ms), "bury", now_ms)
            return True

        return self._write(work)

    def release(self, holds: Sequence[Hold], now_ms: int) -> list[Hold]:
        """Give processing messages back uncounted; answers the lost ones."""
        del now_ms

        def work(db: apsw.Connection) -> list[Hold]:
            lost: list[Hold] = []
            for receipt, ids in _by_receipt(holds):
                held = {cast("int", row[0]) for row in db.execute(_HELD_PROCESSING, (ids.array, receipt))}
                db.execute(_RELEASE_MANY, (ids.array, receipt))
                lost += [Hold(one, receipt) for one in ids.values if one not in held]
            return lost

        return self._write(work)

    def extend(
        self, holds: Sequence[Hold], visibility_ms: int | None, now_ms: int
    ) -> tuple[dict[int, int], list[Hold]]:
        """Push `locked_until` out (None: by each topic's policy); answers the new times by id, and the lost ones."""

        def work(db: apsw.Connection) -> tuple[dict[int, int], list[Hold]]:
            until: dict[int, int] = {}
            for receipt, ids in _by_receipt(holds):
                until |= _extend(db, receipt, ids, visibility_ms, now_ms)
            return until, [hold for hold in holds if hold.id not in until]

        return self._write(work)

    def held_by(self, worker: str) -> list[Hold]:
        """Answer every lease that a worker holds."""
        return self._read(lambda db: [Hold._make(row) for row in db.execute(_HELD_BY, (worker,))])  # type: ignore[arg-type]  # id, receipt

    def recover(self, holds: Sequence[Hold], worker: str, verdict: str, failure: Failure, now_ms: int) -> int:
        """Return a dead worker's messages; the number returned.

        Verdict `untouched`: it had not been started, and is as before. `suspect`: one of several that had been; uncharged, it runs
        alone next. `blamed`: it crashed its worker; the attempt and a crash count, and it is dead when exhausted. `poison`: dead at once.
        """
        return self._write(
            lambda db: sum(_recover(db, hold, worker, verdict, failure, now_ms) for hold in holds)
        )


def ack_all(db: apsw.Connection, holds: Sequence[Hold], now_ms: int) -> list[Hold]:
    """Finish messages inside a transaction; answers the lost ones."""
    if len(holds) == 1:
        db.execute(_ACK_ONE, holds[0])
        if db.changes():
            return []
    return [hold for receipt, ids in _by_receipt(holds) for hold in _ack_many(db, receipt, ids, now_ms)]


class _Ids(NamedTuple):
    """The ids of one dequeue call's leases, ready to be bound."""

    values: list[int]
    array: apsw.carray


def _by_receipt(holds: Sequence[Hold]) -> Iterator[tuple[Receipt, _Ids]]:
    for receipt, group in groupby(
        sorted(holds, key=lambda hold: hold.receipt), key=lambda hold: hold.receipt
    ):
        values = [hold.id for hold in group]
        yield receipt, _Ids(values, apsw.carray(array("q", values)))


class _SomeLostError(Exception):
    """Fewer rows were finished than a receipt should have been good for."""


def _ack_many(db: apsw.Connection, receipt: Receipt, ids: _Ids, now_ms: int) -> list[Hold]:
    """Finish first and ask which were lost only when the count is off: a stale receipt is the exception."""
    try:
        with db:
            if _finish(db, receipt, ids, now_ms) < len(ids.values):
                raise _SomeLostError
    except _SomeLostError:
        held = {cast("int", row[0]) for row in db.execute(_HELD, (ids.array, receipt))}
        _finish(db, receipt, ids, now_ms)
        return [Hold(one, receipt) for one in ids.values if one not in held]
    return []


def _finish(db: apsw.Connection, receipt: Receipt, ids: _Ids, now_ms: int) -> int:
    db.execute(_ACK_MANY, (ids.array, receipt))
    removed = db.changes()
    if removed < len(ids.values):
        db.execute(_FINISH_MANY, (now_ms, ids.array, receipt))
        removed += db.changes()
    return removed


def _read_attempt(db: apsw.Connection, hold: Hold) -> _Attempt | None:
    row = db.execute(_READ_ATTEMPT, hold).fetchone()
    return None if row is None else _Attempt._make(row)  # type: ignore[arg-type]  # the columns of read_attempt


def _requeue(db: apsw.Connection, hold: Hold, failure: Failure, now_ms: int) -> Requeued | None:
    attempt = _read_attempt(db, hold)
    if attempt is None:
        return None
    fate = _fate(attempt, failure, now_ms)
    _give_back(db, hold, attempt, failure, fate, "requeue", now_ms)
    return fate


def _fate(attempt: _Attempt, failure: Failure, now_ms: int) -> Requeued:
    if is_exhausted(attempt.attempts, attempt.max_attempts, attempt.policy):
        return Requeued(State.DEAD, now_ms)
    delay_ms = failure.delay_ms
    if delay_ms is None:
        delay_ms = round(attempt.policy.backoff.ceiling(attempt.attempts) * failure.jitter * 1000)
    return Requeued(State.DELAYED if delay_ms else State.READY, now_ms + delay_ms)


def _give_back(
    db: apsw.Connection,
    hold: Hold,
    attempt: _Attempt,
    failure: Failure,
    fate: Requeued,
    outcome: str,
    now_ms: int,
) -> None:
    error = failure.error[:ERROR_LIMIT]
    finished_at = now_ms if fate.state is State.DEAD else None
    db.execute(
        _REQUEUE_ONE,
        (fate.state, fate.available_at, finished_at, error, error_kind(error), hold.id, hold.receipt),
    )
    db.execute(_RECORD_ATTEMPT, (hold.id, attempt.attempts, now_ms, outcome, error, attempt.worker))


def error_kind(error: str) -> str:
    """Answer an error's first line, bounded, by which dead letters are grouped."""
    return error.strip().split("\n", 1)[0][:KIND_LIMIT]


def _extend(
    db: apsw.Connection, receipt: Receipt, ids: _Ids, visibility_ms: int | None, now_ms: int
) -> dict[int, int]:
    default_ms = round(TopicPolicy().visibility_timeout * 1000)
    held = cast("list[tuple[int, int | None]]", db.execute(_HELD_PROCESSING, (ids.array, receipt)).fetchall())
    until = {one: now_ms + (visibility_ms or own or default_ms) for one, own in held}
    for moment in set(until.values()):
        some = apsw.carray(array("q", [one for one, own in until.items() if own == moment]))
        db.execute(_EXTEND_MANY, (moment, some, receipt))
    return until


def _recover(
    db: apsw.Connection, hold: Hold, worker: str, verdict: str, failure: Failure, now_ms: int
) -> int:
    attempt = _read_attempt(db, hold)
    if attempt is None or attempt.worker != worker:
        return 0
    is_charged = verdict in {"blamed", "poison"}
    is_dead = verdict == "poison" or (
        is_charged and is_exhausted(attempt.attempts, attempt.max_attempts, attempt.policy)
    )
    error = failure.error[:ERROR_LIMIT] if is_charged else None
    db.execute(
        _RECOVER_ONE,
        {
            "status": State.DEAD if is_dead else State.READY,
            "finished_at": now_ms if is_dead else None,
            "attempts": attempt.attempts if is_charged else max(attempt.attempts - 1, 0),
            "crashes": attempt.crashes + is_charged,
            "is_suspect": verdict != "untouched" and not is_dead,
            "error": error,
            "error_kind": None if error is None else error_kind(error),
            "id": hold.id,
            "receipt": hold.receipt,
            "worker": worker,
        },
    )
    if is_charged:
        db.execute(_RECORD_ATTEMPT, (hold.id, attempt.attempts, now_ms, "recover", error or "", worker))
    return 1
