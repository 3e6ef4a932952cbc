"""The public value types: messages, leases, and the rows that an operator sees.

Frozen values without behaviour.

Times are seconds since the epoch (a float with millisecond precision), durations seconds. They are msgspec
structs rather than dataclasses because one is made for every lease: 0.2 µs instead of 1.5 (measured).
"""

from __future__ import annotations

from typing import Literal, NamedTuple, NewType, TypeAlias

import msgspec

from smq_core.states import State

__all__ = [
    "ActivityEntry",
    "Attempt",
    "DaemonDeath",
    "ErrorKind",
    "Json",
    "Kind",
    "Lease",
    "Message",
    "Missed",
    "Outcome",
    "Payload",
    "Pruned",
    "Receipt",
    "Seen",
    "TopicSample",
    "TopicStats",
    "WorkerInfo",
]

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Payload: TypeAlias = "Json | bytes"
"""What a message carries: a JSON value, text (a plain str), or bytes."""

Kind = Literal["json", "text", "bytes"]
Receipt = NewType("Receipt", int)
"""A random 63-bit number, new at each dequeue call; only its holder may finish the message."""


class Message(msgspec.Struct, frozen=True):
    """One message, as it was when it was read."""

    id: int
    topic: str
    payload: Payload
    kind: Kind = "json"
    """How the payload is stored; `text` and `bytes` for a plain str and bytes."""
    headers: dict[str, str] = {}
    priority: int = 0
    key: str | None = None
    state: State = State.READY
    attempts: int = 0
    """Leases counted against the limit; a release decrements it."""
    deliveries: int = 0
    """All leases so far; never decreases."""
    max_attempts: int | None = None
    """The message's own limit; None: the topic's."""
    created_at: float = 0.0
    available_at: float = 0.0
    locked_until: float | None = None
    worker: str | None = None
    last_error: str | None = None
    error_kind: str | None = None
    """The first line of the last error, truncated; dead letters are grouped by it."""
    finished_at: float | None = None
    """When it became dead, done or deleted."""
    output: str | None = None
    """The end of the output of its handler's command, if that succeeded; set only on a single message."""
    size: int = 0
    """Size of the stored payload in bytes; 0 on a lease, which does not read it."""
    operation: int | None = None
    """The last operator action that changed it and was not undone; None on a lease, which does not read
    it."""

    @property
    def seen(self) -> Seen:
        """How the message was when it was read, for actions that must leave it alone if it has changed."""
        return Seen(self.state, self.deliveries, self.operation)


class Lease(msgspec.Struct, frozen=True):
    """The right to process one message until `locked_until`, proved by the receipt."""

    message: Message
    receipt: Receipt
    locked_until: float


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One failed attempt in a message's history."""

    message_id: int
    attempt: int
    at: float
    """When it failed."""
    outcome: str
    """The verb that ended it: requeue, bury, reclaim, recover."""
    error: str
    worker: str | None = None


class TopicStats(msgspec.Struct, frozen=True, kw_only=True):
    """One topic's depth and settings at one moment."""

    topic: str
    ready: int = 0
    delayed: int = 0
    processing: int = 0
    dead: int = 0
    done: int = 0
    deleted: int = 0
    entered: int = 0
    """Messages added since the topic was created."""
    gone: int = 0
    """Messages removed since the topic was created: processed, purged, pruned, or moved to another topic."""
    unprocessed: int = 0
    """How many of `gone` and `done` were not processed, but removed or moved by operators. Negative if
    finished messages were requeued, buried or deleted, because they were processed nevertheless. Messages
    deleted by plain SQL count as processed.
    """
    oldest_age_s: float | None = None
    """How long the longest-waiting message has been due, in seconds; None if no message is waiting.

    That is the later of its `created_at` and `available_at`: a due time before the message was created does
    not count. Only the first messages, and the first of each priority, are examined: a message that was put
    back with a new time, and that others have overtaken, may have waited longer.
    """
    paused: bool = False
    pause_reason: str = ""
    paused_by: str = ""
    paused_since: float | None = None
    paused_until: float | None = None
    """When the pause ends; None if the topic is not paused, or is paused until it is resumed."""

    @property
    def processed(self) -> int:
        """How many messages have been processed since the topic was created; rates are computed from it."""
        return max(0, self.gone + self.done - self.unprocessed)

    @property
    def finished(self) -> int:
        """Messages finished since the topic was created: removed, kept as done, or deleted.

        The metric `smq_finished` has this number; `processed` excludes messages that operators deleted or
        moved.
        """
        return self.gone + self.done + self.deleted


class Seen(NamedTuple):
    """How a message was when it was read.

    Any later change alters one of the three fields, even if the message returns to the same state: a lease
    increments the deliveries, and an operator's action sets the operation.
    """

    state: State
    deliveries: int
    operation: int | None = None


class Missed(msgspec.Struct, frozen=True):
    """A message that an operation left alone, and why."""

    id: int
    why: str
    has_moved_on: bool = False
    """True if it had changed since it was seen, or no longer existed."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator's action did."""

    operation: int | None
    """The id under which it can be undone; None when nothing was changed."""
    done: int
    """How many messages were changed; 1 for a setting (a pause, a resume, a policy)."""
    done_ids: tuple[int, ...] = ()
    """The ids of the changed messages, if the action was given ids."""
    missed: tuple[Missed, ...] = ()
    """Messages that were left alone, each with the reason (only if ids were given; for a selection they are
    counted)."""
    missed_count: int = 0
    """How many were left alone, for any reason."""
    moved_on: int = 0
    """How many of them had changed since they were seen, or no longer existed."""
    left_ready: int = 0
    """For an undo: how many of the restored messages were running when they were requeued. A lease cannot be
    restored, so they are ready, as before the undo.
    """
    undone: ActivityEntry | None = None
    """For an undo: the operation to be undone, as it was before."""


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What a prune removed permanently."""

    done: int = 0
    """Finished messages that their topics no longer keep."""
    trash: int = 0
    """Messages that had been in the trash for 24 hours."""
    activity: int = 0
    """Entries of the activity log beyond the last 10,000."""
    topics: int = 0
    """Topics that had been empty for 24 hours and have no settings."""
    undo: int = 0
    """Undo data of operations older than 24 hours, counted by message."""
    dated: int = 0
    """Messages that had been finished or deleted by hand, without a date; their retention period starts
    now."""

    @property
    def total(self) -> int:
        """How many rows were changed; 0 if there was nothing left to do."""
        return self.done + self.trash + self.activity + self.topics + self.undo + self.dated

    def __add__(self, other: Pruned) -> Pruned:
        """Return what was removed in two steps."""
        names = self.__struct_fields__
        return Pruned(**{name: getattr(self, name) + getattr(other, name) for name in names})


class ActivityEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the activity log: who did what, when, to how many."""

    operation: int
    at: float
    actor: str
    action: str
    topic: str | None = None
    count: int = 0
    detail: str = ""
    undone_at: float | None = None
    is_undoable: bool = False


class ErrorKind(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters of one topic whose errors have the same first line."""

    topic: str
    error_kind: str
    count: int
    first: float
    """When the first of them died."""
    last: float


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One daemon, as of its last heartbeat."""

    id: str
    host: str
    pid: int
    version: str
    state: Literal["running", "quiet", "stopping"]
    command: Literal["quiet", "resume", "stop"] | None = None
    """A request that it has not read yet."""
    started_at: float
    heartbeat_at: float
    heartbeat_age_s: float
    detail: dict[str, Json] = {}
    """What the daemon reports about itself: topics, processes, threads, what each of them runs, processed,
    failed, memory."""


class DaemonDeath(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon that exited without having been stopped: it was killed or crashed."""

    id: str
    at: float
    """When another daemon noticed it: immediately if one was running, otherwise when the next one started."""
    topics: tuple[str, ...] = ()
    """The topics and patterns for which it had handlers."""
    returned: int = 0
    """How many of its messages were returned."""
    heard_at: float | None = None
    """Its last heartbeat; None if it never sent one."""

    @property
    def since(self) -> float:
        """When it died, as accurately as is known: at its last heartbeat unless noticed immediately."""
        return self.at if self.heard_at is None else min(self.at, self.heard_at)


class TopicSample(msgspec.Struct, frozen=True, kw_only=True):
    """One topic at one moment, written by a daemon; rates come from changes of `entered` and `processed`.

    `processed` is as in `TopicStats`: unlike `finished`, it excludes messages that operators deleted or
    moved.
    """

    at: float
    topic: str
    entered: int
    processed: int
    depth: int
