"""The Store seam: what a backend can do, in the words of the domain.

It decides nothing about SQL and imports no backend.

Each method is one transaction (or joins the one that `transaction()` opened on the same thread), is given the
time, and raises the errors of `smq_core.errors` only. Methods marked *durable* return after a flush, unless
the store was opened with durability "normal". The conformance suite in `tests/conformance` is the definition
of each method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from smq_core.store.operator_store import OperatorStore, WorkerStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from smq_core.store.location import Location
    from smq_core.store.records import (
        Batch,
        Failure,
        Hold,
        ImportProgress,
        LeasedRow,
        LeaseRequest,
        NewMessage,
        Requeued,
    )

__all__ = ["ConsumerStore", "ProducerStore", "Store", "StoreWaiter", "SurveyStore"]


class ProducerStore(Protocol):
    """Adding messages."""

    def enqueue(self, message: NewMessage, now_ms: int) -> int:
        """Add one message, durable.

        Where its key is held by an unfinished message, answer that one's id (durable too).
        """
        ...

    def enqueue_many(self, batch: Batch, now_ms: int) -> list[int]:
        """Add all of a batch or none, durable; ids in the order of the bodies."""
        ...

    def restore_many(
        self, messages: Sequence[NewMessage], progress: ImportProgress | None, now_ms: int
    ) -> tuple[list[int], int]:
        """Add imported messages and record the import's progress, durable, in one transaction.

        Answers the ids (0: its key was held, nothing added) and the progress row's id.
        """
        ...

    def held_keys(self, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those pairs of topic and key that an unfinished message has."""
        ...


class ConsumerStore(Protocol):
    """Leases and what becomes of them.

    A hold that is not valid any more is answered as lost, and changes nothing.
    """

    def lease(
        self, request: LeaseRequest, now_ms: int, *, ack: Sequence[Hold] = ()
    ) -> tuple[list[LeasedRow], list[Hold]]:
        """Ack `ack`, then (unless one of them was lost) reclaim, promote and lease.

        Answers leases in order, and the lost holds.

        Finding nothing takes no write lock and writes nothing.
        """
        ...

    def ack(self, holds: Sequence[Hold], now_ms: int) -> list[Hold]:
        """Finish messages by id and receipt (also late: after a reclaim or recover); the lost ones."""
        ...

    def keep_output(self, hold: Hold, output: str) -> None:
        """Keep the end of what a run printed, right before the ack of its message, in one `transaction()`.

        Only where the ack keeps the message as done; a call of its own, so that other acks pay nothing.
        """
        ...

    def requeue(self, hold: Hold, failure: Failure, now_ms: int) -> Requeued | None:
        """Give a running message back for another attempt, or to the dead letters when exhausted.

        None: lost.
        """
        ...

    def release(self, holds: Sequence[Hold]) -> list[Hold]:
        """Give running messages back uncounted; the lost ones."""
        ...

    def bury(self, hold: Hold, failure: Failure, now_ms: int) -> bool:
        """Send a running message to the dead letters; False: lost."""
        ...

    def extend(
        self, holds: Sequence[Hold], visibility_ms: int | None, now_ms: int
    ) -> tuple[dict[int, int], list[Hold]]:
        """Push `locked_until` out (None: by each topic's policy): the new times by id, and the lost ones."""
        ...

    def recover(self, holds: Sequence[Hold], worker: str, verdict: str, failure: Failure, now_ms: int) -> int:
        """Return messages of a dead daemon, or of one of its worker processes.

        Verdict `untouched` and `suspect` count the attempt back, `blamed` does not and counts a crash.
        """
        ...

    def held_by(self, worker: str) -> list[Hold]:
        """Return every lease that a worker holds."""
        ...

    def next_due(self, topics: Sequence[str], now_ms: int) -> int | None:
        """Return when time alone may change something for these topics; None: never.

        That is a delay of a topic that is not paused, a lease's end, or the end of a pause.
        """
        ...

    def is_briefly_away(self) -> bool:
        """Return whether the database was found away a moment ago: another may just be put in its place.

        Who waits anyway then bears with errors.
        """
        ...

    def size(self, topic: str) -> int:
        """Count the unfinished messages of a topic, in constant time."""
        ...

    def waiter(self, *, is_shared: bool = False) -> StoreWaiter:
        """Return a waiter that notices others' commits: a new one, to be closed, or this thread's."""
        ...


class SurveyStore(Protocol):
    """Which topics have something to do, for consumers that lease from topics not known by name.

    What it costs follows what there is to do, not how many topics there are.
    """

    def ready_topics(self, now_ms: int, *, after: str = "", limit: int) -> list[str]:
        """Return the first topics behind `after`, by name, that have ready messages and are not paused."""
        ...

    def has_ready(self, topics: Sequence[str], now_ms: int) -> bool:
        """Return whether any of the topics has ready messages and is not paused."""
        ...

    def delays(self, now_ms: int, topics: Sequence[str] | None = None) -> list[tuple[str, int]]:
        """Return topics with delayed messages that are not paused, and when the first of each is due.

        None: all such topics; their number is what it costs.
        """
        ...

    def leased_topics(self) -> list[str]:
        """Return the topics of which a message is running."""
        ...

    def next_end(self, now_ms: int) -> int | None:
        """Return when the next lease or pause of any topic ends; None: there is neither."""
        ...

    def reclaim(self, now_ms: int) -> bool:
        """Take expired leases of any topic back, as many as one short transaction may; False: none are.

        Finding none takes no write lock and writes nothing.
        """
        ...


class StoreWaiter(Protocol):
    """Notices that another connection has written, without reading the queue."""

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when another connection may have written.

        -1 where the platform has none.
        """
        ...

    def drain(self) -> bool:
        """Take the pending notices; return whether anything was committed since the last call."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Sleep until something was committed or the time is over; return which."""
        ...

    def close(self) -> None:
        """Give the descriptor back."""
        ...


class Store(ProducerStore, ConsumerStore, SurveyStore, OperatorStore, WorkerStore, Protocol):
    """A backend."""

    @property
    def location(self) -> Location:
        """Where the queue is: what opens it again, and its name for people."""
        ...

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[object]:
        """Join every call of this thread inside the `with` into one transaction.

        An exception rolls all of it back.
        """
        ...

    def require_no_transaction(self, what: str) -> None:
        """Refuse `what`, with a UsageError, while this thread has a transaction open on the database.

        No other connection can write until it ends, so a call that waits for others could never succeed.
        """
        ...

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run the caller's own SQL inside `transaction()`."""
        ...

    def close(self) -> None:
        """Close every connection of this process; the store opens again when used."""
        ...
