"""The Store seam: what a backend can do, in the words of the domain.

It decides nothing about SQL and imports no backend.

Each method is one transaction (or joins the one that `transaction()` opened on the same thread), is given the
time, and raises the errors of `smq_core.errors` only. Methods marked *durable* return after a flush, unless
the store was opened with durability "normal". The conformance suite in `tests/conformance` is the definition
of each method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from smq_core.message import ActivityEntry, Outcome, TopicStats
    from smq_core.policy import Backoff, TopicPolicy
    from smq_core.states import State
    from smq_core.store.records import (
        AttemptRow,
        Batch,
        Edit,
        Failure,
        Hold,
        ImportProgress,
        LeasedRow,
        LeaseRequest,
        MessageRow,
        NewMessage,
        Requeued,
        Sample,
        Selection,
        Targets,
        Tidied,
        WorkerRow,
    )

__all__ = ["ConsumerStore", "OperatorStore", "ProducerStore", "Store", "StoreWaiter", "WorkerStore"]


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

    def requeue(self, hold: Hold, failure: Failure, now_ms: int) -> Requeued | None:
        """Give a processing message back for another attempt, or to the dead letters when exhausted.

        None: lost.
        """
        ...

    def release(self, holds: Sequence[Hold], now_ms: int) -> list[Hold]:
        """Give processing messages back uncounted; the lost ones."""
        ...

    def bury(self, hold: Hold, failure: Failure, now_ms: int) -> bool:
        """Send a processing message to the dead letters; False: lost."""
        ...

    def extend(
        self, holds: Sequence[Hold], visibility_ms: int | None, now_ms: int
    ) -> tuple[dict[int, int], list[Hold]]:
        """Push `locked_until` out (None: by each topic's policy): the new times by id, and the lost ones."""
        ...

    def recover(self, holds: Sequence[Hold], worker: str, verdict: str, failure: Failure, now_ms: int) -> int:
        """Return a dead worker's messages.

        Verdict `untouched` and `suspect` count the attempt back, `blamed` does not and counts a crash.
        """
        ...

    def held_by(self, worker: str) -> list[Hold]:
        """Answer every lease that a worker holds."""
        ...

    def next_due(self, topics: Sequence[str], now_ms: int) -> int | None:
        """Answer when time alone may change something for these topics; None: never.

        That is a delay of a topic that is not paused, a lease's end, or the end of a pause.
        """
        ...

    def size(self, topic: str) -> int:
        """Count the unfinished messages of a topic, in constant time."""
        ...

    def waiter(self, *, is_shared: bool = False) -> StoreWaiter:
        """Answer a waiter that notices others' commits: a new one, to be closed, or this thread's."""
        ...


class StoreWaiter(Protocol):
    """Notices that somebody wrote, without reading the queue."""

    def fileno(self) -> int:
        """Answer a descriptor that becomes readable when somebody may have written.

        -1 where the platform has none.
        """
        ...

    def drain(self) -> bool:
        """Take the pending notices; say whether anything was committed since the last call."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Sleep until something was committed or the time is over; say which."""
        ...

    def close(self) -> None:
        """Give the descriptor back."""
        ...


class OperatorStore(Protocol):
    """What the inspector reads and does.

    Actions take frozen targets, are durable, recorded as one operation, and undoable.
    """

    def topics(self, now_ms: int) -> list[TopicStats]:
        """Answer depth and pause of every topic, by name, in time independent of the number of messages."""
        ...

    def topic(self, name: str, now_ms: int) -> TopicStats:
        """Answer one topic; zeros for one never used."""
        ...

    def get(self, message_id: int) -> MessageRow | None:
        """Answer one whole message."""
        ...

    def page(
        self,
        selection: Selection,
        *,
        after: int | None,
        newest: bool,
        limit: int,
        preview_bytes: int | None,
        now_ms: int,
    ) -> list[MessageRow]:
        """Answer messages by id, beyond `after`; payloads cut to `preview_bytes` (None: whole)."""
        ...

    def rows(self, ids: Sequence[int], preview_bytes: int | None) -> list[MessageRow]:
        """Answer messages by their ids, ascending; those that are gone are left out."""
        ...

    def highest_id(self) -> int:
        """Answer the highest id there is, 0 when there is none."""
        ...

    def ids(
        self, selection: Selection, *, limit: int, now_ms: int, after: int | None = None, newest: bool = False
    ) -> Sequence[int]:
        """Answer ids alone, beyond `after`, at most `limit`: a list of a million needs no more."""
        ...

    def count(self, selection: Selection, *, limit: int, now_ms: int) -> int:
        """Count matches, at most `limit`."""
        ...

    def error_kinds(self, topic: str | None, *, limit: int) -> list[tuple[str, str, int, int, int]]:
        """Group dead letters: topic, error kind, count, first and last time, most frequent first."""
        ...

    def attempts(self, message_id: int) -> list[AttemptRow]:
        """Answer the failed attempts kept of a message, oldest first."""
        ...

    def activity(self, *, limit: int, before: int | None) -> list[ActivityEntry]:
        """Answer what operators did, newest first."""
        ...

    def act(
        self,
        verb: str,
        targets: Targets,
        *,
        to: str | None,
        force: bool,
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Perform requeue, delete, bury or move on the targets, in short transactions under one operation.

        `progress` is told the number done and stops it by False.
        """
        ...

    def edit(
        self, message_id: int, edit: Edit, *, actor: str, now_ms: int, seen: State | None = None
    ) -> Outcome:
        """Change one message that is not processing."""
        ...

    def undo(self, operation: int | None, *, actor: str, now_ms: int) -> Outcome:
        """Take back an operation (None: the last one not undone) where nobody touched its messages since."""
        ...

    def purge(
        self,
        topic: str,
        state: State,
        *,
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Remove for good every message of a topic in a state (never processing)."""
        ...

    def drop(self, topic: str, *, actor: str, now_ms: int) -> bool:
        """Forget an empty topic's counters, policy and pause; False when it still has messages."""
        ...

    def pause(self, topic: str, *, reason: str, until_ms: int | None, actor: str, now_ms: int) -> Outcome:
        """Stop a topic from being leased."""
        ...

    def resume(self, topic: str, *, actor: str, now_ms: int) -> Outcome:
        """Let a paused topic be leased again."""
        ...

    def policy(self, topic: str) -> TopicPolicy:
        """Answer a topic's policy, defaults filled in."""
        ...

    def set_policy(
        self,
        topic: str,
        *,
        max_attempts: int | None,
        visibility_ms: int | None,
        backoff: Backoff | None,
        keep_ms: int | None,
        actor: str,
        now_ms: int,
    ) -> Outcome:
        """Replace what is not None of a topic's policy."""
        ...

    def data_version(self) -> int:
        """Answer a number that changes when somebody else committed."""
        ...


class WorkerStore(Protocol):
    """What daemons record, and housekeeping."""

    def put_worker(self, worker: WorkerRow) -> str | None:
        """Write a daemon's row (its heartbeat); answer and clear the command that somebody left for it."""
        ...

    def remove_worker(self, worker_id: str) -> None:
        """Remove a daemon's row."""
        ...

    def workers(self) -> list[WorkerRow]:
        """Answer every daemon's row."""
        ...

    def command_worker(self, worker_id: str, command: str, *, actor: str, now_ms: int) -> bool:
        """Leave a command for a daemon, recorded in the activity; False when there is no such row."""
        ...

    def add_samples(self, samples: Sequence[Sample], step_ms: int, keep_after: int) -> None:
        """Write one round of samples and drop those of the same step before `keep_after`."""
        ...

    def samples(self, step_ms: int, since: int, topic: str | None = None) -> list[Sample]:
        """Answer samples, oldest first."""
        ...

    def prune(self, now_ms: int, *, limit: int = 500) -> int:
        """Remove one short transaction's worth of what is past its time.

        The number removed, 0 when nothing is left to do.
        """
        ...

    def tidy(self) -> Tidied:
        """Keep the backend's files small, in short steps; answers what is left."""
        ...

    def optimize(self) -> None:
        """Let the backend renew what its planner knows."""
        ...

    def imports(
        self, *, name: str | None = None, device: int | None = None, inode: int | None = None
    ) -> list[ImportProgress]:
        """Answer recorded imports that match all that is given, the newest first."""
        ...


class Store(ProducerStore, ConsumerStore, OperatorStore, WorkerStore, Protocol):
    """A backend."""

    @property
    def location(self) -> str:
        """The database's absolute path or address, for messages to people."""
        ...

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[object]:
        """Join every call of this thread inside the `with` into one transaction.

        An exception rolls all of it back.
        """
        ...

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run the caller's own SQL inside `transaction()`."""
        ...

    def backup(self, target: str) -> Iterator[tuple[int, int]]:
        """Copy the database, consistently and online; yields pages left and in all."""
        ...

    def close(self) -> None:
        """Close every connection of this process; the store opens again when used."""
        ...
