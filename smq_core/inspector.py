"""The operator's side: look at everything, mend what is stuck. It checks and freezes what an action is aimed at; the store does it.

Times are seconds since the epoch, durations seconds. Every action is recorded, says truthfully what it did, and can be undone but for
purge and drop.
"""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Self

import msgspec

from smq_core import validation
from smq_core.clock import SystemClock, epoch_ms
from smq_core.errors import InvalidMessage, MessageNotFound
from smq_core.message import ErrorKind, Outcome
from smq_core.payload import encode, encode_headers
from smq_core.rows import attempt_of, message_of, sample_of, worker_of
from smq_core.states import State
from smq_core.store import open_store
from smq_core.store.records import Edit, Filter, Selection

if TYPE_CHECKING:
    import datetime
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from smq_core.clock import Clock
    from smq_core.message import ActivityEntry, Attempt, Message, Payload, TopicSample, TopicStats, WorkerInfo
    from smq_core.policy import Backoff, TopicPolicy
    from smq_core.store.records import Targets

__all__ = ["Inspector"]

MOST_IDS = 1_000_000
"""Ids that `ids` answers at most."""


class Inspector:
    """A view of a queue and the means to mend it. `read_only` opens the database so that nothing can be written through it."""

    def __init__(
        self,
        location: str | os.PathLike[str] | None = None,
        *,
        read_only: bool = False,
        actor: str | None = None,
        clock: Clock | None = None,
        timeout: float = 10.0,
    ) -> None:
        """Remember where the queue is; nothing is opened before the first call, and no file is ever created.

        `actor` is who the activity log names (None: the user's name).
        """
        self._clock: Clock = clock or SystemClock()
        self._actor = actor or _user()
        self._store = open_store(
            location, read_only=read_only, may_create=False, timeout=timeout, clock=self._clock
        )
        self.is_read_only = read_only

    @property
    def location(self) -> str:
        """The database's absolute path."""
        return self._store.location

    def __enter__(self) -> Self:
        """Answer the inspector itself; it is closed at the end of the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the inspector."""
        self.close()

    def topics(self) -> list[TopicStats]:
        """Answer depth, age and pause of every topic, by name, in time that does not grow with the number of messages."""
        return self._store.topics(self._clock.now_ms())

    def topic(self, name: str) -> TopicStats:
        """Answer one topic; zeros for one never used."""
        return self._store.topic(name, self._clock.now_ms())

    def browse(
        self,
        topic: str | None = None,
        state: State | str | None = None,
        *,
        where: Filter | None = None,
        after: int | None = None,
        newest: bool = False,
        limit: int = 100,
        preview: int | None = None,
        max_id: int | None = None,
    ) -> list[Message]:
        """Answer a page of messages by id, beyond `after` (exclusive), `newest` first if asked.

        With `preview` payloads are cut to so many characters and come as their text. With a filter the page is looked for through all
        that remains; bound it by `max_id` to look in slices.
        """
        selection = Selection(topic=topic, state=_state(state), where=where or Filter(), max_id=max_id)
        rows = self._store.page(
            selection,
            after=after,
            newest=newest,
            limit=limit,
            preview_bytes=preview,
            now_ms=self._clock.now_ms(),
        )
        return [message_of(row, is_preview=preview is not None) for row in rows]

    def ids(
        self, selection: Selection, *, limit: int = MOST_IDS, after: int | None = None, newest: bool = False
    ) -> Sequence[int]:
        """Answer the ids of a selection beyond `after` (exclusive), for lists that fetch their visible rows later."""
        return self._store.ids(
            selection, limit=limit, now_ms=self._clock.now_ms(), after=after, newest=newest
        )

    def messages(self, ids: Sequence[int], *, preview: int | None = None) -> list[Message]:
        """Answer messages by their ids, ascending; those that are gone are left out."""
        return [message_of(row, is_preview=preview is not None) for row in self._store.rows(ids, preview)]

    def count(self, selection: Selection, *, limit: int = 10_000) -> int:
        """Count the messages of a selection, at most `limit`."""
        return self._store.count(selection, limit=limit, now_ms=self._clock.now_ms())

    def select(
        self, topic: str | None = None, state: State | str | None = None, where: Filter | None = None
    ) -> Selection:
        """Freeze everything that matches now: an action on it touches nothing that comes later."""
        return Selection(
            topic=topic,
            state=_state(state),
            where=where or Filter(),
            max_id=self._store.highest_id(),
            as_of_ms=self._clock.now_ms(),
        )

    def get(self, message_id: int) -> Message:
        """Answer one whole message.

        Raises:
            MessageNotFound: when it is gone.
        """
        row = self._store.get(message_id)
        if row is None:
            raise MessageNotFound(message_id)
        return message_of(row)

    def attempts(self, message_id: int) -> list[Attempt]:
        """Answer the failed attempts kept of a message, oldest first."""
        return [attempt_of(row) for row in self._store.attempts(message_id)]

    def error_kinds(self, topic: str | None = None, *, limit: int = 1_000) -> list[ErrorKind]:
        """Group the dead letters by topic and first line of their error, most frequent first."""
        return [
            ErrorKind(topic=name, error_kind=kind, count=count, first=first / 1000, last=last / 1000)
            for name, kind, count, first, last in self._store.error_kinds(topic, limit=limit)
        ]

    def workers(self) -> list[WorkerInfo]:
        """Answer every daemon's row, with how long ago it was heard of."""
        now_ms = self._clock.now_ms()
        return [worker_of(row, now_ms) for row in self._store.workers()]

    def command_worker(self, worker_id: str, command: str) -> bool:
        """Leave quiet, resume or stop for a daemon, which reads it at its next heartbeat; False when there is no such daemon."""
        return self._store.command_worker(worker_id, command, actor=self._actor, now_ms=self._clock.now_ms())

    def samples(self, step: float, since: float, topic: str | None = None) -> list[TopicSample]:
        """Answer the samples that a daemon wrote every `step` seconds (10 or 600) since an epoch time, oldest first."""
        return [sample_of(row) for row in self._store.samples(round(step * 1000), round(since * 1000), topic)]

    def activity(self, *, limit: int = 100, before: int | None = None) -> list[ActivityEntry]:
        """Answer what operators did, newest first, before an operation's id if one is given."""
        return self._store.activity(limit=limit, before=before)

    def requeue(
        self,
        targets: Iterable[int] | Targets,
        *,
        force: bool = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Make dead, done, delayed and expired messages ready, with all attempts before them; live leases only with `force`.

        `targets` are ids, ids with the state each was seen in, or a selection; for this and the following actions. A forced message
        may run twice. `progress` is told the number done so far and stops the rest by answering False.
        """
        return self._act("requeue", targets, force=force, progress=progress)

    def delete(
        self,
        targets: Iterable[int] | Targets,
        *,
        force: bool = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Put messages into the trash, from where undo brings them back for 24 hours."""
        return self._act("delete", targets, force=force, progress=progress)

    def bury(
        self,
        targets: Iterable[int] | Targets,
        *,
        force: bool = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        """Put messages among the dead letters."""
        return self._act("bury", targets, force=force, progress=progress)

    def move(
        self, targets: Iterable[int] | Targets, topic: str, *, progress: Callable[[int], bool] | None = None
    ) -> Outcome:
        """Put messages that are not processing into another topic.

        Raises:
            InvalidMessage: for an illegal topic.
        """
        return self._act("move", targets, to=validation.check_topic(topic), progress=progress)

    def edit(
        self,
        message_id: int,
        *,
        seen: State | str | None = None,
        payload: Payload | msgspec.UnsetType = msgspec.UNSET,
        headers: Mapping[str, str] | msgspec.UnsetType = msgspec.UNSET,
        priority: int | msgspec.UnsetType = msgspec.UNSET,
        key: str | msgspec.UnsetType | None = msgspec.UNSET,
        max_attempts: int | msgspec.UnsetType | None = msgspec.UNSET,
        available_at: float | datetime.datetime | msgspec.UnsetType = msgspec.UNSET,
    ) -> Outcome:
        """Change what is given of a message that is neither processing nor in the trash; with `seen`, only if it still is in that state.

        Raises:
            MessageNotFound: when it is gone.
            InvalidMessage: for a value that a message cannot have.
        """
        unset = msgspec.UNSET
        body, kind = (unset, unset) if payload is unset else encode(payload)  # type: ignore[arg-type]  # set, then
        edit = Edit(
            body=body,
            kind=kind,
            priority=unset
            if isinstance(priority, msgspec.UnsetType)
            else validation.check_priority(priority),
            available_at=unset if isinstance(available_at, msgspec.UnsetType) else epoch_ms(available_at),
            headers=unset if isinstance(headers, msgspec.UnsetType) else encode_headers(headers),
            key=unset if isinstance(key, msgspec.UnsetType) else validation.check_key(key),
            max_attempts=unset
            if isinstance(max_attempts, msgspec.UnsetType)
            else validation.check_max_attempts(max_attempts),
        )
        return self._store.edit(
            message_id, edit, actor=self._actor, now_ms=self._clock.now_ms(), seen=_state(seen)
        )

    def purge(
        self, topic: str, state: State | str, *, progress: Callable[[int], bool] | None = None
    ) -> Outcome:
        """Remove for good every message that a topic has in a state; cannot be undone."""
        wanted = _state(state)
        if wanted is None:
            raise InvalidMessage("purge needs a state: name one")
        return self._store.purge(
            topic, wanted, actor=self._actor, now_ms=self._clock.now_ms(), progress=progress
        )

    def drop(self, topic: str) -> bool:
        """Forget a topic that has no messages, with its policy and pause; False when it has some, or is unknown."""
        return self._store.drop(topic, actor=self._actor, now_ms=self._clock.now_ms())

    def pause(self, topic: str, reason: str = "", until: float | datetime.datetime | None = None) -> Outcome:
        """Stop a topic from being leased, until an aware datetime or epoch seconds if given; what is processing goes on."""
        until_ms = None if until is None else validation.available_at_ms(0, 0.0, until)
        return self._store.pause(
            validation.check_topic(topic),
            reason=reason,
            until_ms=until_ms,
            actor=self._actor,
            now_ms=self._clock.now_ms(),
        )

    def resume(self, topic: str) -> Outcome:
        """Let a paused topic be leased again."""
        return self._store.resume(topic, actor=self._actor, now_ms=self._clock.now_ms())

    def policy(self, topic: str) -> TopicPolicy:
        """Answer a topic's policy, defaults filled in."""
        return self._store.policy(topic)

    def set_policy(
        self,
        topic: str,
        *,
        max_attempts: int | None = None,
        visibility_timeout: float | None = None,
        backoff: Backoff | None = None,
        keep: float | None = None,
    ) -> Outcome:
        """Set what is given of a topic's policy; `keep` is for how many seconds processed messages stay as `done` (0: not).

        Raises:
            InvalidMessage: for a value out of range.
        """
        return self._store.set_policy(
            validation.check_topic(topic),
            max_attempts=validation.check_max_attempts(max_attempts),
            visibility_ms=None
            if visibility_timeout is None
            else validation.visibility_ms(visibility_timeout),
            backoff=backoff,
            keep_ms=None if keep is None else validation.duration_ms(keep, "keep"),
            actor=self._actor,
            now_ms=self._clock.now_ms(),
        )

    def undo(self, operation: int | None = None) -> Outcome:
        """Take back an operation (None: the last that can be), message by message, where nobody touched it since.

        Raises:
            SmqError: when there is none, or it was undone already, or cannot be.
        """
        return self._store.undo(operation, actor=self._actor, now_ms=self._clock.now_ms())

    def data_version(self) -> int:
        """Answer a number that changes when somebody else committed: whoever watches reads only then."""
        return self._store.data_version()

    def wait(self, timeout: float) -> bool:
        """Sleep until somebody committed, or `timeout` seconds are over; says which."""
        return self._store.waiter(is_shared=True).wait(timeout)

    def close(self) -> None:
        """Close every connection of this process; the inspector opens again when used."""
        self._store.close()

    def _act(
        self,
        verb: str,
        targets: Iterable[int] | Targets,
        *,
        to: str | None = None,
        force: bool = False,
        progress: Callable[[int], bool] | None = None,
    ) -> Outcome:
        frozen = targets if isinstance(targets, Selection | dict) else dict.fromkeys(targets)  # type: ignore[arg-type]  # ids
        return self._store.act(
            verb,
            frozen,
            to=to,
            force=force,
            actor=self._actor,
            now_ms=self._clock.now_ms(),
            progress=progress,
        )


def _state(state: State | str | None) -> State | None:
    try:
        return None if state is None else State(state)
    except ValueError:
        raise InvalidMessage(f"{state!r} is no state: use one of {', '.join(State)}") from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
