"""The Store seam's second half: what operators read and do, and what daemons record.

See `smq_core.store.base`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smq_core.message import ActivityEntry, Outcome, Pruned, TopicStats
    from smq_core.policy import Backoff, TopicPolicy
    from smq_core.states import State
    from smq_core.store.records import (
        AttemptRow,
        Edit,
        ImportProgress,
        MessageRow,
        Purpose,
        Sample,
        Selection,
        Targets,
        Tidied,
        WorkerRow,
    )

__all__ = ["OperatorStore", "WorkerStore"]


class OperatorStore(Protocol):
    """What the inspector reads and does.

    Actions take frozen targets, are durable, recorded as one operation, and undoable.
    """

    def topics(self, now_ms: int) -> list[TopicStats]:
        """Return depth and pause of every topic, by name, in time independent of the number of messages."""
        ...

    def topic_names(self) -> list[str]:
        """Return every topic that has or had messages, a policy or a pause, sorted by name."""
        ...

    def topic(self, name: str, now_ms: int) -> TopicStats:
        """Return one topic; its counts are zero if it was never used."""
        ...

    def get(self, message_id: int) -> MessageRow | None:
        """Return one whole message."""
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
        """Return messages by id, beyond `after`; payloads cut to `preview_bytes` (None: whole)."""
        ...

    def rows(self, ids: Sequence[int], preview_bytes: int | None) -> list[MessageRow]:
        """Return messages by their ids, ascending; messages that no longer exist are left out."""
        ...

    def highest_id(self) -> int:
        """Return the highest id there is, 0 when there is none."""
        ...

    def ids(
        self, selection: Selection, *, limit: int, now_ms: int, after: int | None = None, newest: bool = False
    ) -> Sequence[int]:
        """Return ids alone, beyond `after`, at most `limit`: a list of a million needs no more."""
        ...

    def count(self, selection: Selection, *, limit: int, now_ms: int) -> int:
        """Count matches, at most `limit`."""
        ...

    def error_kinds(
        self, topic: str | None, *, limit: int, since_ms: int | None = None
    ) -> list[tuple[str, str, int, int, int]]:
        """Group dead letters: topic, error kind, count, first and last time, most frequent first.

        With `since_ms` only those that died at that moment or later.
        """
        ...

    def attempts(self, message_id: int) -> list[AttemptRow]:
        """Return the stored failed attempts of a message, oldest first."""
        ...

    def activity(self, *, limit: int, before: int | None) -> list[ActivityEntry]:
        """Return what operators did, newest first."""
        ...

    def daemon_deaths(self, since_ms: int) -> list[ActivityEntry]:
        """Return what the activity log records about daemons that died since a moment, newest first."""
        ...

    def note(
        self, action: str, *, actor: str, topic: str | None, changed: int, detail: str, now_ms: int
    ) -> None:
        """Record in the activity log what was done by another way than an operation; nothing can undo it."""
        ...

    def freeze(
        self,
        selection: Selection,
        *,
        now_ms: int,
        purpose: Purpose | None = None,
        limit: int | None = None,
        progress: Callable[[int], bool] | None = None,
    ) -> Selection:
        """Fix the messages that match, at most `limit`, the lowest ids first, and how each is.

        With a purpose, only those that it changes as they are now.
        `progress` is called with the number found and leaves out the rest by returning False.
        """
        ...

    def act(
        self,
        verb: str,
        targets: Targets,
        *,
        to: str | None,
        force: bool | frozenset[str],
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Perform requeue, delete, bury or move on the targets, in short transactions under one operation.

        A selection that is not frozen is so when the action begins. What moved on since is left alone.
        With workers as `force`, only their live leases are taken. `progress` is called with the number done
        and stops it by returning False.
        """
        ...

    def edit(
        self, message_id: int, edit: Edit, *, actor: str, now_ms: int, seen: State | None = None
    ) -> Outcome:
        """Change one message that is not running; nothing is done where nothing new is given."""
        ...

    def last_undoable(self, actor: str) -> int | None:
        """Return the last operation of an operator that can be undone; None when there is none."""
        ...

    def undo(
        self,
        operation: int,
        *,
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Undo an operation for those of its messages that have not been changed since.

        One that brings nothing back leaves the operation as it was, not undone. When `progress` answers
        False the rest is left for another undo of it.
        """
        ...

    def purge(
        self,
        selection: Selection,
        *,
        actor: str,
        now_ms: int,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Remove for good what a selection of one topic and state has (never what is running)."""
        ...

    def drop(self, topic: str, *, actor: str, now_ms: int) -> bool:
        """Forget an empty topic's counters, policy and pause; False when it still has messages."""
        ...

    def pause(self, topic: str, *, reason: str, until_ms: int | None, actor: str, now_ms: int) -> Outcome:
        """Stop a topic from being leased."""
        ...

    def resume(self, topic: str, *, actor: str, now_ms: int) -> Outcome:
        """Let a paused topic be leased again; nothing is done for one that is not, or no longer."""
        ...

    def policy(self, topic: str) -> TopicPolicy:
        """Return a topic's policy, defaults filled in."""
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
        """Replace what is not None of a topic's policy; nothing is done where all is."""
        ...

    def data_version(self) -> int:
        """Return a number that changes when another connection commits."""
        ...


class WorkerStore(Protocol):
    """What daemons record, and housekeeping."""

    def put_worker(self, worker: WorkerRow) -> str | None:
        """Write a daemon's row (its heartbeat); return and clear the command that was left for it."""
        ...

    def remove_worker(self, worker_id: str) -> None:
        """Remove a daemon's row."""
        ...

    def workers(self) -> list[WorkerRow]:
        """Return every daemon's row."""
        ...

    def command_worker(self, worker_id: str, command: str, *, actor: str, now_ms: int) -> bool:
        """Leave a command for a daemon, recorded in the activity log; False when there is no such row."""
        ...

    def add_samples(self, samples: Sequence[Sample], step_ms: int, keep_after: int) -> None:
        """Write one round of samples and drop those of the same step before `keep_after`."""
        ...

    def samples(self, step_ms: int, since: int, topic: str | None = None) -> list[Sample]:
        """Return samples, oldest first."""
        ...

    def prune(self, now_ms: int, *, limit: int = 500) -> Pruned:
        """Remove one short transaction's worth of what is past its time, and return what it was.

        What was finished or deleted by hand, without a date, is given one. A total of 0 when nothing is left
        to do.
        """
        ...

    def tidy(self) -> Tidied:
        """Keep the backend's files small, in short steps; return what is left."""
        ...

    def optimize(self) -> None:
        """Let the backend renew what its planner knows."""
        ...

    def imports(
        self, *, name: str | None = None, device: int | None = None, inode: int | None = None
    ) -> list[ImportProgress]:
        """Return recorded imports that match all that is given, the newest first."""
        ...
