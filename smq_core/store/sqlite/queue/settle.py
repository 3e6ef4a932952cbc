"""What becomes of a lease in its holder's hands: ack, requeue, release, bury, extend.

Every write is guarded by the receipt in its WHERE clause, never by time, and the affected count says whether
the lease was still valid.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from smq_core.error_text import ERROR_LIMIT, first_line
from smq_core.policy import TopicPolicy, is_exhausted, stored_policy
from smq_core.safe_text import clean_text
from smq_core.states import State
from smq_core.store.records import Hold, Requeued
from smq_core.store.sqlite.connection.connection import savepoint
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder
from smq_core.store.sqlite.queries import query
from smq_core.validation import LONGEST_LEASE_MS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from smq_core.message import Receipt
    from smq_core.store.records import Failure
    from smq_core.store.sqlite.session import Session

__all__ = [
    "ACK_ONE",
    "KIND_LIMIT",
    "OUTPUT_LIMIT",
    "ReturnTerms",
    "Settlement",
    "ack_all",
    "bounded_error",
    "error_kind",
    "read_terms",
    "record_attempt",
]

OUTPUT_LIMIT: Final = 8 * 1024
"""Bytes kept of what a run printed that ended well: its last ones."""
KIND_LIMIT: Final = 200
"""Characters of an error's first line, by which dead letters are grouped."""

ACK_ONE: Final = query("ack_one")
"""Finishes one message of a topic that keeps no history; changes nothing otherwise."""

_changes = apsw.Connection.changes
"""Found once, as in `enqueue`."""
_ACK_MANY = query("ack_many")
_KEEP_OUTPUT = query("keep_output")
_FINISH_MANY = query("finish_many")
_HELD = query("held")
_HELD_PROCESSING = query("held_processing")
_READ_ATTEMPT = query("read_attempt")
_REQUEUE_ONE = query("requeue_one")
_RECORD_ATTEMPT = query("record_attempt")
_RELEASE_MANY = query("release_many")
_EXTEND_MANY = query("extend_many")


class ReturnTerms(NamedTuple):
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
        """Return the topic's policy, as far as it matters for failures."""
        return stored_policy(self.policy_max_attempts, None, self.policy_backoff, None)


class Settlement:
    """Ends leases, or extends them, for their holders."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ack(self, holds: Sequence[Hold], now_ms: int) -> list[Hold]:
        """Finish messages by id and receipt, late ones too; return the lost ones."""
        if len(holds) == 1 and self._session.run(ACK_ONE, holds[0], _changes):
            return []
        return self._session.write(lambda db: ack_all(db, holds, now_ms))

    def keep_output(self, hold: Hold, output: str) -> None:
        """Keep the end of what a run printed that its holder is about to ack, in the ack's transaction.

        Nothing is kept where the ack will remove the message, and where the lease is lost.
        """
        kept = clean_text(output).encode()[-OUTPUT_LIMIT:].decode("utf-8", "ignore")
        self._session.write(lambda db: db.execute(_KEEP_OUTPUT, (kept or None, *hold)))

    def requeue(self, hold: Hold, failure: Failure, now_ms: int) -> Requeued | None:
        """Give a running message back for another attempt, or to the dead letters when exhausted.

        None: lost.
        """

        def work(db: apsw.Connection) -> Requeued | None:
            terms = read_terms(db, hold)
            if terms is None:
                return None
            fate = _fate(terms, failure, now_ms)
            _give_back(db, hold, fate, failure.error, now_ms)
            record_attempt(db, hold, terms, outcome="requeue", error=failure.error, now_ms=now_ms)
            return fate

        return self._session.write(work)

    def bury(self, hold: Hold, failure: Failure, now_ms: int) -> bool:
        """Send a running message to the dead letters; False: lost."""

        def work(db: apsw.Connection) -> bool:
            terms = read_terms(db, hold)
            if terms is None:
                return False
            _give_back(db, hold, Requeued(State.DEAD, now_ms), failure.error, now_ms)
            record_attempt(db, hold, terms, outcome="bury", error=failure.error, now_ms=now_ms)
            return True

        return self._session.write(work)

    def release(self, holds: Sequence[Hold]) -> list[Hold]:
        """Give running messages back uncounted; return the lost ones."""

        def work(db: apsw.Connection) -> list[Hold]:
            lost: list[Hold] = []
            for receipt, ids in _by_receipt(holds):
                held = {row[0] for row in db.execute(_HELD_PROCESSING, (ids.array, receipt))}
                db.execute(_RELEASE_MANY, (ids.array, receipt))
                lost += ids.without(held, receipt)
            return lost

        return self._session.write(work)

    def extend(
        self, holds: Sequence[Hold], visibility_ms: int | None, now_ms: int
    ) -> tuple[dict[int, int], list[Hold]]:
        """Push `locked_until` out (None: by each topic's policy); the new times by id, and the lost ones."""

        def work(db: apsw.Connection) -> tuple[dict[int, int], list[Hold]]:
            until: dict[int, int] = {}
            lost: list[Hold] = []
            for receipt, ids in _by_receipt(holds):
                extended = _extend(db, receipt, ids, visibility_ms, now_ms)
                lost += ids.without(extended, receipt)
                until |= extended
            return until, lost

        return self._session.write(work)


def ack_all(db: apsw.Connection, holds: Sequence[Hold], now_ms: int) -> list[Hold]:
    """Finish messages inside a transaction; return the lost ones."""
    if len(holds) == 1:
        db.execute(ACK_ONE, holds[0])
        if db.changes():
            return []
    return [hold for receipt, ids in _by_receipt(holds) for hold in _ack_many(db, receipt, ids, now_ms)]


def read_terms(db: apsw.Connection, hold: Hold) -> ReturnTerms | None:
    """Return what decides the fate of a message that is given back; None: the lease is lost."""
    row = db.execute(_READ_ATTEMPT, hold).fetchone()
    return None if row is None else _attempt(row)


_attempt = RecordDecoder(ReturnTerms)


def record_attempt(
    db: apsw.Connection,
    hold: Hold,
    terms: ReturnTerms,
    *,
    outcome: str,
    error: str,
    now_ms: int,
) -> None:
    """Keep a failed attempt in the message's history."""
    values = (hold.id, terms.attempts, now_ms, outcome, bounded_error(error), terms.worker)
    db.execute(_RECORD_ATTEMPT, values)


def bounded_error(error: object) -> str:
    """Return what is kept of an error: always text that the database takes, whatever a handler raised."""
    return clean_text(error, ERROR_LIMIT)


def error_kind(error: str) -> str:
    """Return an error's first line, bounded, by which dead letters are grouped."""
    return first_line(error, KIND_LIMIT)


class _Ids(NamedTuple):
    """The ids of one dequeue call's leases, ready to be bound."""

    values: list[int]
    array: apsw.CArrayBinding

    def without(self, held: Container[int], receipt: Receipt) -> list[Hold]:
        """Return the holds of those that are not held."""
        return [Hold(one, receipt) for one in self.values if one not in held]


def _by_receipt(holds: Sequence[Hold]) -> Iterator[tuple[Receipt, _Ids]]:
    groups: dict[Receipt, list[int]] = defaultdict(list)
    for one, receipt in holds:
        groups[receipt].append(one)
    for receipt, values in groups.items():
        yield receipt, _Ids(values, apsw.carray(array("q", values)))


class _SomeLostError(Exception):
    """Fewer rows were finished than a receipt should have been good for."""


def _ack_many(db: apsw.Connection, receipt: Receipt, ids: _Ids, now_ms: int) -> list[Hold]:
    """Finish first and ask which were lost only when the count is off: a stale receipt is the exception."""
    try:
        with savepoint(db):
            _finish_all(db, receipt, ids, now_ms)
    except _SomeLostError:
        held = {row[0] for row in db.execute(_HELD, (ids.array, receipt))}
        _finish(db, receipt, ids, now_ms)
        return ids.without(held, receipt)
    return []


def _finish_all(db: apsw.Connection, receipt: Receipt, ids: _Ids, now_ms: int) -> None:
    if _finish(db, receipt, ids, now_ms) < len(ids.values):
        raise _SomeLostError


def _finish(db: apsw.Connection, receipt: Receipt, ids: _Ids, now_ms: int) -> int:
    db.execute(_ACK_MANY, (ids.array, receipt))
    removed = db.changes()
    if removed < len(ids.values):
        db.execute(_FINISH_MANY, (now_ms, ids.array, receipt))
        removed += db.changes()
    return removed


def _fate(terms: ReturnTerms, failure: Failure, now_ms: int) -> Requeued:
    if is_exhausted(terms.attempts, terms.max_attempts, terms.policy):
        return Requeued(State.DEAD, now_ms)
    delay_ms = failure.delay_ms
    if delay_ms is None:
        delay_ms = round(terms.policy.backoff.delay(terms.attempts, failure.jitter) * 1000)
    return Requeued(State.DELAYED if delay_ms else State.READY, now_ms + delay_ms)


def _give_back(db: apsw.Connection, hold: Hold, fate: Requeued, error: str, now_ms: int) -> None:
    error = bounded_error(error)
    finished_at = now_ms if fate.state is State.DEAD else None
    values = (fate.state, fate.available_at, finished_at, error, error_kind(error), hold.id, hold.receipt)
    db.execute(_REQUEUE_ONE, values)


def _extend(
    db: apsw.Connection, receipt: Receipt, ids: _Ids, visibility_ms: int | None, now_ms: int
) -> dict[int, int]:
    default_ms = round(TopicPolicy().visibility_timeout * 1000)
    held = list(db.execute(_HELD_PROCESSING, (ids.array, receipt)))
    until: dict[int, int] = {
        one: now_ms + (visibility_ms or min(max(own or default_ms, 1), LONGEST_LEASE_MS)) for one, own in held
    }
    for moment in set(until.values()):
        some = apsw.carray(array("q", [one for one, own in until.items() if own == moment]))
        db.execute(_EXTEND_MANY, (moment, some, receipt))
    return until
