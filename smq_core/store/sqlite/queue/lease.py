"""Leases messages, and what a lease does on the way: reclaim expired leases, promote due messages.

Settling them is in `settle`.
"""

from __future__ import annotations

import logging
import math
from array import array
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from smq_core.errors import StoreError
from smq_core.policy import TopicPolicy
from smq_core.store.failed_message import log_dead
from smq_core.store.sqlite.driver.driver_errors import is_of_rules, is_of_text
from smq_core.store.sqlite.foreign_rows.dead_messages import dead_messages
from smq_core.store.sqlite.foreign_rows.leasable import MalformedRowError, leasable
from smq_core.store.sqlite.foreign_rows.unreadable import bury_unleasable
from smq_core.store.sqlite.limits import CHUNK, CHUNK_BYTES
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue.lease_budget import LARGE, PAGE, Allowance
from smq_core.store.sqlite.queue.settle import ACK_ONE, ack_all
from smq_core.validation import LONGEST_LEASE_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.store.failed_message import FailedMessage
    from smq_core.store.records import Hold, LeasedRow, LeaseRequest
    from smq_core.store.sqlite.session import Session

__all__ = ["HORIZON_MS", "LEASE_EXPIRED", "Leases", "ready_priorities", "reclaim"]

_log: Final = logging.getLogger(__name__)
LEASE_EXPIRED: Final = "lease expired"
"""The error that a reclaim leaves on a message."""

HORIZON_MS: Final = LONGEST_LEASE_MS + 3_600_000
"""A lease further ahead was made under a clock that has been set back since: by more than an hour, as
smaller steps are usual."""

_LOOK = query("look")
_PROMOTE = query("promote")
_RECORD_EXPIRED = query("record_expired")
_RECLAIM = query("reclaim")
_NEXT = query("lease_next")
_PAGE = query("lease_page")
_LEASE_ONE = query("lease_one")
_LEASE_MANY = query("lease_many")
_NEXT_PRIORITY = query("next_priority")
_OLDEST = query("oldest_of_priority")
_ROWS = query("lease_rows")
_NEXT_DUE = query("next_due")
_BY_ID = itemgetter(0)
_DEFAULTS = TopicPolicy()
_DEFAULT_VISIBILITY_MS = round(_DEFAULTS.visibility_timeout * 1000)


class _Look(NamedTuple):
    """What there is to do for a topic."""

    has_ready: int
    has_due: int
    is_paused: int
    has_expired: int
    visibility_ms: int | None

    def locked_until(self, request: LeaseRequest, now_ms: int) -> int:
        """Return when a lease of this topic ends: as the call has it, else the topic, else the default."""
        own_ms = min(max(self.visibility_ms or _DEFAULT_VISIBILITY_MS, 1), LONGEST_LEASE_MS)
        return now_ms + (request.visibility_ms or own_ms)


class Leases:
    """Hands messages out to those who process them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lease(
        self, request: LeaseRequest, now_ms: int, *, ack: Sequence[Hold] = ()
    ) -> tuple[list[LeasedRow], list[Hold]]:
        """Ack, then (unless one of the acks was lost) reclaim, promote and lease.

        The leases in order, and the lost holds.

        Finding nothing takes no write lock and writes nothing.
        """
        while True:
            try:
                return self._lease_next(request, now_ms, ack) or self._lease(request, now_ms, ack)
            except StoreError as error:
                # one row that cannot be leased must not stop its topic
                if not (_is_of_a_row(error) and self._clear_the_way(error, request, now_ms)):
                    raise

    def _lease(
        self, request: LeaseRequest, now_ms: int, ack: Sequence[Hold]
    ) -> tuple[list[LeasedRow], list[Hold]]:
        looks = self._session.read(lambda db: [_look(db, topic, now_ms) for topic in request.topics])
        if not ack and not _is_worth_a_write(looks):
            return [], []

        dead: list[FailedMessage] = []

        def work(db: apsw.Connection) -> tuple[list[LeasedRow], list[Hold]]:
            lost = ack_all(db, ack, now_ms) if ack else []
            if lost:
                return [], lost
            dead[:] = _make_ready(db, request, looks, now_ms)
            return _lease(db, request, looks, now_ms), []

        answer = self._session.write_once(work)
        if looks[0].has_expired and not answer[1]:
            # logged here, where nobody is held up by whoever reads it
            _log.info("a dequeue of %s returned expired leases", ", ".join(request.topics))
            log_dead(dead)
        return answer

    def _lease_next(
        self, request: LeaseRequest, now_ms: int, ack: Sequence[Hold]
    ) -> tuple[list[LeasedRow], list[Hold]] | None:
        """Lease one message of one topic, acking at most one; None: there is more to do, nothing was done."""
        # by priority alone, which is the order of ids only by chance
        if request.limit > 1 or len(request.topics) > 1 or len(ack) > 1 or request.order == "oldest":
            return None
        topic, visibility_ms = request.topics[0], request.visibility_ms
        bounds = (now_ms, visibility_ms, LONGEST_LEASE_MS, topic, _DEFAULT_VISIBILITY_MS, now_ms + HORIZON_MS)

        def look(db: apsw.Connection) -> LeasedRow | None:
            row = db.execute(_NEXT, bounds).get
            return None if row is None else leasable(row)

        def act(db: apsw.Connection, row: LeasedRow) -> bool:
            for hold in ack:
                db.execute(ACK_ONE, hold)
                if not db.changes():
                    return False
            db.execute(_LEASE_ONE, (row.locked_until, request.receipt, request.worker, row.id))
            # none where the message that was acked, late, was the next one
            return db.changes() > 0

        row = self._session.follow(look, act)
        return None if row is None else ([row], [])

    def next_due(self, topics: Sequence[str], now_ms: int) -> int | None:
        """Return when something may change by time alone for these topics; None: never."""

        def work(db: apsw.Connection) -> list[int]:
            rows = [row for topic in topics for row in db.execute(_NEXT_DUE, (topic, now_ms))]
            return [moment for row in rows for moment in row if moment is not None]

        return min(self._session.read(work), default=None)

    def _clear_the_way(self, error: StoreError, request: LeaseRequest, now_ms: int) -> bool:
        """Take what another program stored amiss out of the way; return whether there was anything."""
        if is_of_rules(error):
            return self._session.mend() > 0 or self._bury_unleasable(request, now_ms) > 0
        try:
            return self._bury_unleasable(request, now_ms) > 0 or self._session.mend() > 0
        except StoreError as refusal:
            # a row that is not UTF-8 may be beside the rules too
            if not is_of_rules(refusal):
                raise
            return self._session.mend() > 0

    def _bury_unleasable(self, request: LeaseRequest, now_ms: int) -> int:
        def work(db: apsw.Connection) -> tuple[list[FailedMessage], list[FailedMessage]]:
            # what was about to become ready on the way is in the way as well
            looks = [_look(db, topic, now_ms) for topic in request.topics]
            expired = _make_ready(db, request, looks, now_ms)
            streams = _oldest(db, request, max(request.limit, CHUNK), now_ms)
            return expired, bury_unleasable(db, (one for stream in streams for one in stream), now_ms)

        expired, buried = self._session.write_once(work)
        log_dead(expired + buried)
        return len(buried)


def _is_of_a_row(error: StoreError) -> bool:
    """Check whether an error may come from what stands in a message's row."""
    return isinstance(error, MalformedRowError) or is_of_text(error) or is_of_rules(error)


def _is_worth_a_write(looks: Sequence[_Look]) -> bool:
    """Return whether a dequeue would change anything."""
    return any(
        look.has_expired or ((look.has_ready or look.has_due) and not look.is_paused) for look in looks
    )


def _look(db: apsw.Connection, topic: str, now_ms: int) -> _Look:
    return _Look._make(db.execute(_LOOK, (topic, now_ms, now_ms + HORIZON_MS)).fetchall()[0])


def _lease(
    db: apsw.Connection, request: LeaseRequest, looks: Sequence[_Look], now_ms: int
) -> list[LeasedRow]:
    if request.order == "oldest":
        return _lease_oldest(db, request, looks, now_ms)
    allowance = Allowance(request.max_bytes)
    leased: list[LeasedRow] = []
    for topic, look in zip(request.topics, looks, strict=True):
        until = look.locked_until(request, now_ms)
        while True:
            count = min(PAGE, request.limit - len(leased))
            page = db.execute(_PAGE, (LARGE, until, topic, now_ms, count)).fetchall()
            is_last = len(page) < PAGE or count < PAGE
            taken = allowance.admit(db, page, is_last=is_last and len(leased) + len(page) >= request.limit)
            _mark_leased(db, taken, until, request)
            leased += taken
            if len(leased) == request.limit or len(taken) < len(page):
                return leased
            if is_last:
                break
    return leased


def _make_ready(
    db: apsw.Connection, request: LeaseRequest, looks: Sequence[_Look], now_ms: int
) -> list[FailedMessage]:
    """Take expired leases back, and promote what is due; return the messages that are dead now."""
    # an expired lease is seen by the look of every topic
    dead = reclaim(db, now_ms) if looks[0].has_expired else []
    _promote(db, request.topics, looks, now_ms)
    return dead


def _promote(db: apsw.Connection, topics: Sequence[str], looks: Sequence[_Look], now_ms: int) -> None:
    rows, size = CHUNK, CHUNK_BYTES
    for topic, look in zip(topics, looks, strict=True):
        if look.has_due and not look.is_paused:
            promoted = [row[0] for row in db.execute(_PROMOTE, (topic, now_ms, rows, size))]
            rows -= len(promoted)
            size -= sum(promoted)


def reclaim(db: apsw.Connection, now_ms: int) -> list[FailedMessage]:
    """Take expired leases back inside a transaction, as many as a short one may.

    Return the messages that are dead now, as their attempts were used up.
    """
    bounds = {
        "now": now_ms,
        "horizon": now_ms + HORIZON_MS,
        "limit": CHUNK,
        "bytes": CHUNK_BYTES,
        "error": LEASE_EXPIRED,
    }
    db.execute(_RECORD_EXPIRED, bounds)
    rows = db.execute(_RECLAIM, {**bounds, "default_max_attempts": _DEFAULTS.max_attempts}).fetchall()
    return dead_messages(db, [one for (one,) in rows if isinstance(one, int)])


def _mark_leased(db: apsw.Connection, rows: Sequence[LeasedRow], until: int, request: LeaseRequest) -> None:
    """Lease rows that were read as they will be.

    Reading first and updating by id is 1.8 times faster than RETURNING (measured).
    """
    if len(rows) == 1:
        db.execute(_LEASE_ONE, (until, request.receipt, request.worker, rows[0].id))
    elif rows:
        ids = apsw.carray(array("q", [row.id for row in rows]))
        db.execute(_LEASE_MANY, (until, request.receipt, request.worker, ids))


def _lease_oldest(
    db: apsw.Connection, request: LeaseRequest, looks: Sequence[_Look], now_ms: int
) -> list[LeasedRow]:
    """Lease the lowest ids of all topics, whatever their priority.

    They are merged from one ordered stream for each topic and priority.
    """
    streams = _oldest(db, request, request.limit, now_ms)
    ids = array("q", islice(merge(*streams), request.limit))
    until = {
        topic: look.locked_until(request, now_ms) for topic, look in zip(request.topics, looks, strict=True)
    }
    allowance = Allowance(request.max_bytes)
    leased: list[LeasedRow] = []
    for start in range(0, len(ids), PAGE):
        some = apsw.carray(ids[start : start + PAGE])
        page = [
            row
            for topic, moment in until.items()
            for row in db.execute(_ROWS, (LARGE, moment, some, topic)).fetchall()
        ]
        page.sort(key=_BY_ID)
        taken = allowance.admit(db, page, is_last=start + PAGE >= len(ids))
        for topic, moment in until.items():
            _mark_leased(db, [row for row in taken if row.topic == topic], moment, request)
        leased += taken
        if len(taken) < len(page):
            break
    return leased


def _oldest(db: apsw.Connection, request: LeaseRequest, limit: int, now_ms: int) -> list[list[int]]:
    """Return the first ready ids of each topic and priority."""
    return [
        [row[0] for row in db.execute(_OLDEST, (topic, priority, now_ms, limit))]
        for topic in request.topics
        for priority in ready_priorities(db, topic)
    ]


def ready_priorities(db: apsw.Connection, topic: str) -> Iterator[int]:
    """Yield the distinct priorities of a topic's ready messages, highest first, by one index look each."""
    below = math.inf
    while (priority := db.execute(_NEXT_PRIORITY, (topic, below)).get) is not None:
        yield priority
        below = priority
