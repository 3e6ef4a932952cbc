"""One dequeue: asks the store, decodes the messages, and sleeps without polling if there are none."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from smq_core.clock import SystemClock
from smq_core.errors import InvalidMessage, StoreBusy, StoreError
from smq_core.rows import hold_of, holds_of, lease_of, raise_lost
from smq_core.store.records import Failure, Hold
from smq_core.validation import check_topic, duration_ms
from smq_core.wakeup import pause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.clock import Clock
    from smq_core.message import Lease
    from smq_core.store.base import Store
    from smq_core.store.records import LeasedRow, LeaseRequest

__all__ = ["FRUITLESS_S", "MOST", "checked_topics", "dequeue"]

_log: Final = logging.getLogger(__name__)
FRUITLESS_S: Final = 0.003
"""Least time between two looks that found nothing: a busy neighbour topic wakes us 2,000 times a
second, and a look costs 30 µs."""
_SOONER: Final = 2
"""Looks that need not wait that long, once it has been calm: a -wal that restarts wakes us a moment before
the message that is written to it (3.3 ms for one message in a hundred otherwise, measured)."""
_LONGEST_SLEEP_S: Final = 2.0
"""Longest time before the wall clock is asked again what is due: it may be set while we sleep."""
_REPLACED_S: Final = 0.02
"""How long it is rested between two looks while another database is put in the place of the open one."""
MOST: Final = 100_000
"""The largest limit of one call."""


def dequeue(
    store: Store, clock: Clock, request: LeaseRequest, wait_s: float, ack: Sequence[Lease]
) -> list[Lease]:
    """Finish `ack`, then lease what there is, waiting for the first message if there is none.

    Raises:
        LeaseLost: when a lease of `ack` was lost; nothing is leased then.
        InvalidMessage: for a request out of range.
        UsageError: for a wait inside a transaction of this thread.
    """
    _check(request)
    # before anything is finished
    if wait_s:
        store.require_no_transaction("a dequeue with a `wait`")
    if not wait_s:
        return _take(store, clock, request, ack)
    # a caller waits in real time, whatever the clock of the messages says
    deadline = SystemClock().monotonic() + duration_ms(wait_s, "wait") / 1000
    has_looked = False
    while True:
        try:
            if not has_looked and (leases := _take(store, clock, request, ack)):
                return leases
            has_looked = True
            return _wait(store, clock, request, deadline, has_acked=bool(ack))
        except StoreError:
            if SystemClock().monotonic() >= deadline or not store.is_briefly_away():
                raise
        pause(_REPLACED_S)


def checked_topics(topics: Sequence[str]) -> Sequence[str]:
    """Return the topics if there is at least one and all are legal.

    Raises:
        InvalidMessage: otherwise.
    """
    if not topics:
        raise InvalidMessage("no topic given: give at least one")
    for topic in topics:
        check_topic(topic)
    return topics if len(topics) == 1 else tuple(dict.fromkeys(topics))


def _check(request: LeaseRequest) -> None:
    if type(request.limit) is not int or not 1 <= request.limit <= MOST:
        raise InvalidMessage(f"limit must be an integer between 1 and {MOST:,}, got {request.limit!r}")
    if request.order not in ("topics", "oldest"):
        raise InvalidMessage(f"order {request.order!r} is neither 'topics' nor 'oldest'")


def _take(store: Store, clock: Clock, request: LeaseRequest, ack: Sequence[Lease] = ()) -> list[Lease]:
    now_ms = clock.now_ms()
    # one of each is what most calls are about: it takes the short way, here and in `_decoded`
    holds = [hold_of(ack[0])] if len(ack) == 1 else holds_of(ack)
    while True:
        rows, lost = store.lease(request, now_ms, ack=holds)
        if lost:
            raise_lost(ack, lost)
        leases = _decoded(store, rows, request, now_ms)
        # look again when nothing of what came could be decoded
        if leases or not rows:
            return leases
        holds = []


def _decoded(store: Store, rows: Sequence[LeasedRow], request: LeaseRequest, now_ms: int) -> list[Lease]:
    """Return the leases of rows, but for those that cannot be decoded."""
    receipt, worker = request.receipt, request.worker
    try:
        if len(rows) == 1:
            return [lease_of(rows[0], receipt, worker)]
        return [lease_of(row, receipt, worker) for row in rows]
    except InvalidMessage:
        return [lease for row in rows if (lease := _decoded_or_buried(store, row, request, now_ms))]


def _decoded_or_buried(store: Store, row: LeasedRow, request: LeaseRequest, now_ms: int) -> Lease | None:
    """Return the lease of a row.

    One that cannot be decoded goes to the dead letters, so that it cannot block its topic.
    """
    try:
        return lease_of(row, request.receipt, request.worker)
    except InvalidMessage as error:
        _log.warning(
            "message %d of %s cannot be decoded and goes to the dead letters: %s", row.id, row.topic, error
        )
        store.bury(Hold(row.id, request.receipt), Failure(error=str(error)), now_ms)
        return None


def _wait(
    store: Store, clock: Clock, request: LeaseRequest, deadline: float, *, has_acked: bool
) -> list[Lease]:
    monotonic = SystemClock().monotonic
    # before the look, so that what is committed between look and sleep is noticed
    waiter = store.waiter(is_shared=True)
    sooner = _SOONER
    while True:
        looked_at = monotonic()
        try:
            leases = _take(store, clock, request)
        except StoreBusy:
            # "nothing was written" would have the caller ack again what is finished
            if not has_acked:
                raise
            leases = []
        remaining = deadline - monotonic()
        if leases or remaining <= 0:
            return leases
        is_woken = waiter.wait(
            min(remaining, _LONGEST_SLEEP_S, _until_next_due(store, clock, request.topics))
        )
        early = looked_at + FRUITLESS_S - monotonic()
        if early <= 0:
            sooner = _SOONER
        elif sooner:
            sooner -= 1
        elif is_woken:
            pause(min(remaining, early))


def _until_next_due(store: Store, clock: Clock, topics: Sequence[str]) -> float:
    now_ms = clock.now_ms()
    due_ms = store.next_due(topics, now_ms)
    return float("inf") if due_ms is None else max(0.0, (due_ms - now_ms) / 1000)
