"""The interface for producers and consumers, which applications embed. It checks, encodes and decides.

The store reads and writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from smq_core import dequeueing, validation
from smq_core.clock import SystemClock
from smq_core.errors import LeaseLost
from smq_core.handed_on import handed_on
from smq_core.message import Lease, Receipt
from smq_core.payload import encode, encode_headers, encode_many
from smq_core.randomness import process_random
from smq_core.rows import hold_of, holds_of, raise_lost
from smq_core.safe_text import clean_text
from smq_core.store import open_store
from smq_core.store.records import Batch, Failure, LeaseRequest, NewMessage
from smq_core.transaction import Transaction
from smq_core.waiter import Waiter

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    from smq_core.clock import Clock
    from smq_core.handed_on import Reopening
    from smq_core.location import AnyPath
    from smq_core.message import Payload
    from smq_core.policy import RandomSource
    from smq_core.store.location import Location

__all__ = ["Queue"]


class Queue:
    """A queue in one SQLite file, for producers and consumers.

    It may be shared by threads, kept at module level, and pickled for another process: it opens a connection
    for each process and thread when first used. Times are in seconds. The queue prunes expired data (finished
    messages that their topic no longer keeps, trash older than 24 hours …) in small steps after its own
    writes, unless a daemon does that.

    Every method may raise StoreBusy (other processes kept the database locked for longer than `timeout`),
    StoreUnavailable and the other StoreErrors. With two of them, something may have been written
    nevertheless, and `ids` lists the messages: NotDurable (everything is stored, but the flush failed) and
    OutcomeUnknown (the commit failed midway).
    """

    def __init__(
        self,
        location: AnyPath | Location | None = None,
        *,
        durability: Literal["full", "normal"] = "full",
        visibility_timeout: float | None = None,
        clock: Clock | None = None,
        timeout: float = 10.0,
        worker: str | None = None,
        random: RandomSource | None = None,
    ) -> None:
        """Remember where the queue is.

        Nothing is opened before the first call, which creates the file if it is missing.

        If `location` is None, it is taken from `SIMPLE_MQ_DB` or, if that is not set, defaults to
        `queue.sqlite3` in the current directory. With `durability="normal"`, a crash of the machine (not of
        the process) may lose the last messages. `visibility_timeout` (1 ms to 24 h) overrides the topics'
        own. `worker` is the name shown on its leases.

        Raises:
            InvalidMessage: for a timeout out of range.
            ValueError: for an unknown durability.
        """
        if durability not in ("full", "normal"):
            raise ValueError(f"durability {durability!r} is neither 'full' nor 'normal'")
        self._clock: Clock = clock or SystemClock()
        self._random: RandomSource = random or process_random()
        self._worker = None if worker is None else clean_text(worker)
        self._visibility_ms = (
            None if visibility_timeout is None else validation.visibility_ms(visibility_timeout)
        )
        self._options: dict[str, object] = {
            "durability": durability,
            "visibility_timeout": visibility_timeout,
            "timeout": timeout,
            "worker": worker,
        }
        patience = validation.check_patience(timeout)
        self._store = open_store(
            location,
            durability=durability,
            timeout=patience,
            clock=self._clock,
            prunes_opportunistically=True,
        )

    @property
    def location(self) -> str:
        """The address to reopen the queue with: its absolute path, or a URL, which may contain a password."""
        return self._store.location.address

    @property
    def name(self) -> str:
        """The queue's name for people: the database's path, or its address without a password."""
        return self._store.location.name

    def __enter__(self) -> Self:
        """Return the queue itself; it is closed at the end of the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the queue."""
        self.close()

    def __reduce__(self) -> Reopening[Self]:
        """Pickle by the absolute location and the options, so that a process that is spawned can have it.

        The copy opens connections of its own. A `random` is not handed on: two processes would have the same
        receipts.

        Raises:
            UsageError: when its clock cannot be pickled.
        """
        return handed_on(type(self), self._clock, {"location": self._store.location, **self._options})

    def enqueue(
        self,
        topic: str,
        payload: Payload,
        *,
        delay: float = 0.0,
        at: float | datetime.datetime | None = None,
        priority: int = 0,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        max_attempts: int | None = None,
    ) -> int:
        """Add a message and return its id; from then on, it survives a crash of the machine.

        It may be leased after `delay` seconds, or from `at` (an aware datetime or epoch seconds). If an
        unfinished message of the topic already has the same `key`, nothing is added, and the id of that
        message is returned. A payload of a subclass (IntEnum, StrEnum, OrderedDict, defaultdict …) is
        returned as the equal plain value; a payload may be nested at most 200 levels deep.

        Raises:
            InvalidMessage: for any invalid argument; nothing is stored.
        """
        now_ms = self._clock.now_ms()
        body, kind = encode(payload)
        message = NewMessage(
            topic=validation.check_topic(topic),
            body=body,
            kind=kind,
            available_at=validation.available_at_ms(now_ms, delay, at),
            priority=validation.check_priority(priority) if priority else 0,
            key=validation.check_key(key),
            headers=encode_headers(headers),
            max_attempts=validation.check_max_attempts(max_attempts),
        )
        return self._store.enqueue(message, now_ms)

    def enqueue_many(
        self,
        topic: str,
        payloads: Iterable[Payload],
        *,
        keys: Sequence[str | None] | None = None,
        delay: float = 0.0,
        at: float | datetime.datetime | None = None,
        priority: int = 0,
        headers: Mapping[str, str] | None = None,
        max_attempts: int | None = None,
    ) -> list[int]:
        """Add messages in one transaction, all or none; return their ids. `keys` has one for each payload.

        Raises:
            InvalidMessage: when one of them cannot be stored; then nothing is stored.
        """
        now_ms = self._clock.now_ms()
        bodies, kinds = encode_many(payloads if isinstance(payloads, list) else list(payloads))
        batch = Batch(
            topic=validation.check_topic(topic),
            bodies=bodies,
            kinds=kinds,
            available_at=validation.available_at_ms(now_ms, delay, at),
            keys=validation.check_keys(keys, len(bodies)),
            priority=validation.check_priority(priority),
            headers=encode_headers(headers),
            max_attempts=validation.check_max_attempts(max_attempts),
        )
        return self._store.enqueue_many(batch, now_ms)

    def dequeue(
        self,
        *topics: str,
        limit: int = 1,
        visibility_timeout: float | None = None,
        wait: float = 0.0,
        ack: Iterable[Lease] | Lease = (),
        order: Literal["topics", "oldest"] = "topics",
    ) -> list[Lease]:
        """Lease up to `limit` messages in total, waiting up to `wait` seconds for the first; may return [].

        Fewer are leased if their payloads and headers would exceed 8 MiB together; one message is always
        leased, whatever its size.

        Topics are served strictly in the given order; with order "oldest", the lowest id of all topics comes
        first. The messages of the leases in `ack` are finished in the same transaction, before the call
        waits. The call also returns expired leases of any consumer, and makes due messages ready.

        Raises:
            InvalidMessage: when no topic is given, a topic name is illegal, the limit is below 1, or the
                timeout is out of range.
            LeaseLost: when a lease in `ack` was lost; the others are finished, and nothing is leased.
            UsageError: for a `wait` inside `transaction()`, which holds the write lock: no other connection
                could send the message that it waits for. No message is finished.
        """
        request = LeaseRequest(
            topics=dequeueing.checked_topics(topics),
            limit=limit,
            receipt=Receipt(self._random.getrandbits(63)),
            visibility_ms=self._lease_ms(visibility_timeout),
            worker=self._worker,
            order=order,
        )
        leases = (ack,) if isinstance(ack, Lease) else tuple(ack)
        return dequeueing.dequeue(self._store, self._clock, request, wait, leases)

    def ack(self, lease: Lease) -> None:
        """Finish a message: it is removed, or kept as `done` if its topic keeps history.

        A late ack is accepted as long as the message has not been leased again or changed by an operator.

        Raises:
            LeaseLost: otherwise; nothing is changed. A second ack also raises it.
        """
        if self._store.ack((hold_of(lease),), self._clock.now_ms()):
            raise LeaseLost((lease,))

    def ack_many(self, leases: Iterable[Lease]) -> None:
        """Finish messages in one transaction.

        Raises:
            LeaseLost: with the leases that were lost; the others are finished.
        """
        leases = tuple(leases)
        raise_lost(leases, self._store.ack(holds_of(leases), self._clock.now_ms()))

    def requeue(
        self, lease: Lease, *, delay: float | None = None, error: str = ""
    ) -> Literal["ready", "delayed", "dead"]:
        """Put a message back for another attempt in `delay` seconds (None: its topic's back-off).

        Returns its new state.

        If its attempts are used up, it goes to the dead letters. The error is kept in its history.

        Raises:
            LeaseLost: when the lease is no longer valid.
            InvalidMessage: for a negative delay.
        """
        failure = Failure(
            error=error,
            delay_ms=None if delay is None else validation.duration_ms(delay, "delay"),
            jitter=self._random.random(),
        )
        requeued = self._store.requeue(hold_of(lease), failure, self._clock.now_ms())
        if requeued is None:
            raise LeaseLost((lease,), "requeue")
        return requeued.state.value  # type: ignore[return-value]  # a requeue ends in one of the three

    def release(self, lease: Lease) -> None:
        """Give a message back unprocessed; the attempt is not counted.

        Raises:
            LeaseLost: when the lease is no longer valid.
        """
        lost = self._store.release((hold_of(lease),))
        raise_lost((lease,), lost, "release")

    def bury(self, lease: Lease, *, error: str = "") -> None:
        """Send a message straight to the dead letters.

        Raises:
            LeaseLost: when the lease is no longer valid.
        """
        if not self._store.bury(hold_of(lease), Failure(error=error), self._clock.now_ms()):
            raise LeaseLost((lease,), "bury")

    def extend(self, lease: Lease, visibility_timeout: float | None = None) -> Lease:
        """Extend a lease to `visibility_timeout` seconds from now (None: the queue's or topic's default).

        Raises:
            LeaseLost: when the lease is no longer valid.
            InvalidMessage: for a timeout out of range.
        """
        return self.extend_many((lease,), visibility_timeout)[0]

    def extend_many(self, leases: Iterable[Lease], visibility_timeout: float | None = None) -> list[Lease]:
        """Extend leases in one transaction; return them with their new end.

        Raises:
            LeaseLost: with the leases that were lost; the others are extended.
        """
        leases = tuple(leases)
        visibility_ms = self._lease_ms(visibility_timeout)
        until, lost = self._store.extend(holds_of(leases), visibility_ms, self._clock.now_ms())
        raise_lost(leases, lost, "extend")
        return [Lease(lease.message, lease.receipt, until[lease.message.id] / 1000) for lease in leases]

    def size(self, topic: str) -> int:
        """Count the unfinished messages of a topic (ready, delayed, running), in constant time."""
        return self._store.size(validation.check_topic(topic))

    def waiter(self, *topics: str) -> Waiter:
        """Return a waiter for an event loop: its descriptor is readable when it is worth dequeuing."""
        return Waiter(self._store, self._clock, dequeueing.checked_topics(topics))

    def transaction(self) -> Transaction:
        """Open one durable transaction for the caller's own rows and smq's: `with queue.transaction() as t:`.

        The write lock is held until the `with` block ends, so keep it short; an exception rolls everything
        back. Inside it, this thread's calls through this Queue are part of the transaction, and a call that
        would wait for others (a `wait`, a write through another Queue or Inspector on the file) raises
        UsageError.

        Raises:
            UsageError: when the `with` block begins inside another transaction of this thread.
        """
        return Transaction(self, self._store)

    def close(self) -> None:
        """Close every connection of this process.

        Leases stay valid; the queue reconnects when it is next used.
        """
        self._store.close()

    def _lease_ms(self, visibility_timeout: float | None) -> int | None:
        return (
            self._visibility_ms
            if visibility_timeout is None
            else validation.visibility_ms(visibility_timeout)
        )
