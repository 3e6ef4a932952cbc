"""What an operator sees: topics, pages of messages, one message, errors, daemons, activity.

It changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from smq_core import validation
from smq_core.daemon_death import KEPT_S, death_of
from smq_core.errors import InvalidMessage, MessageNotFound
from smq_core.inspector.ids import checked_ids, is_possible, nearest, within
from smq_core.inspector.opened import OpenedQueue, state_of
from smq_core.message import ErrorKind
from smq_core.rows import attempt_of, message_of, sample_of, worker_of
from smq_core.states import SELECTED_FOR
from smq_core.store.records import Filter, Purpose, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smq_core.message import (
        ActivityEntry,
        Attempt,
        DaemonDeath,
        Message,
        TopicSample,
        TopicStats,
        WorkerInfo,
    )
    from smq_core.states import State

__all__ = ["MOST_IDS", "ReadOperations"]


MOST_IDS: Final = 1_000_000
"""Ids that `ids` answers at most."""
_FAR_S: Final = 253_402_300_800


class ReadOperations(OpenedQueue):
    """The part of the inspector that reads."""

    def topics(self) -> list[TopicStats]:
        """Return each topic's depth, age and pause, by name; the cost does not grow with the messages."""
        return self._store.topics(self._clock.now_ms())

    def topic_names(self) -> list[str]:
        """Return every topic that has or had messages, a policy or a pause, sorted by name."""
        return self._store.topic_names()

    def topic(self, name: str) -> TopicStats:
        """Return one topic; its counts are zero if it has never been used.

        Raises:
            InvalidMessage: when the name is not text.
        """
        return self._store.topic(validation.check_is_text(name, "a topic"), self._clock.now_ms())

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
        """Return a page of messages by id, beyond `after` (exclusive); `newest` reverses the order.

        With `preview`, payloads are returned as text, cut to that many characters. With a filter, filling one
        page may require searching all remaining messages; use `max_id` to search in slices.

        Raises:
            InvalidMessage: for a limit below 1, or an unknown state.
        """
        selection = Selection(
            topic=topic, state=state_of(state), where=where or Filter(), max_id=nearest(max_id)
        )
        rows = self._store.page(
            selection,
            after=nearest(after),
            newest=newest,
            limit=validation.check_limit(limit),
            preview_bytes=_preview(preview),
            now_ms=self._clock.now_ms(),
        )
        return [message_of(row, is_preview=preview is not None) for row in rows]

    def ids(
        self, selection: Selection, *, limit: int = MOST_IDS, after: int | None = None, newest: bool = False
    ) -> Sequence[int]:
        """Return the ids of a selection beyond `after`, for lists that fetch their visible rows later.

        For a frozen selection, these are the ids captured when it was frozen, whatever state those messages
        are in now.
        """
        if selection.frozen is not None:
            return selection.frozen.page(after=after, newest=newest, limit=validation.check_limit(limit))
        return self._store.ids(
            within(selection),
            limit=validation.check_limit(limit),
            now_ms=self._clock.now_ms(),
            after=nearest(after),
            newest=newest,
        )

    def messages(self, ids: Sequence[int], *, preview: int | None = None) -> list[Message]:
        """Return messages by their ids, ascending; messages that no longer exist are left out."""
        rows = self._store.rows(checked_ids(ids), _preview(preview))
        return [message_of(row, is_preview=preview is not None) for row in rows]

    def count(self, selection: Selection, *, limit: int = 10_000) -> int:
        """Count the messages of a selection, up to `limit`; of a frozen one, the captured messages."""
        if selection.frozen is not None:
            return min(len(selection.frozen), validation.check_limit(limit))
        return self._store.count(
            within(selection), limit=validation.check_limit(limit), now_ms=self._clock.now_ms()
        )

    def select(
        self,
        topic: str | None = None,
        state: State | str | None = None,
        where: Filter | None = None,
        *,
        verb: Literal["requeue", "delete", "bury", "move", "purge"] | None = None,
        to: str | None = None,
        force: bool = False,
        limit: int | None = None,
        progress: Callable[[int], bool] | None = None,
    ) -> Selection:
        """Freeze the messages that match now, each in its present state: an action changes no others.

        Messages that enter the state later are not changed. A message that changes before the action is left
        alone, even if it returns to the same state, and the outcome counts it. The messages are read (this
        takes some seconds and 12 MB per million); `len(selection.frozen)` is their number. With `limit`, only
        the lowest ids are included. `progress` is called with the number found so far; if it returns False,
        the rest is left out.

        With `verb`, messages that this action would not change are excluded: those in a state that the verb
        does not apply to (`requeue` of ready messages), live leases without `force`, messages already in the
        topic `to`, and messages whose key another message would already have. The number is then the number
        of messages that the action will change, except for those that the outcome counts as missed.

        Raises:
            InvalidMessage: for a limit below 1, an unknown state or verb, or a move without `to`.
        """
        purpose = None if verb is None else _purpose(verb, to, force=force)
        return self._store.freeze(
            Selection(topic=topic, state=state_of(state), where=where or Filter()),
            now_ms=self._clock.now_ms(),
            purpose=purpose,
            limit=None if limit is None else validation.check_limit(limit),
            progress=progress,
        )

    def get(self, message_id: int) -> Message:
        """Return one whole message.

        Raises:
            MessageNotFound: when it no longer exists.
        """
        row = self._store.get(message_id) if is_possible(message_id) else None
        if row is None:
            raise MessageNotFound(message_id)
        return message_of(row)

    def attempts(self, message_id: int) -> list[Attempt]:
        """Return the stored failed attempts of a message, oldest first."""
        rows = self._store.attempts(message_id) if is_possible(message_id) else []
        return [attempt_of(row) for row in rows]

    def error_kinds(
        self, topic: str | None = None, *, limit: int = 1_000, since: float | None = None
    ) -> list[ErrorKind]:
        """Group the dead letters by topic and first line of their error, most frequent first.

        With `since`, in seconds since the epoch, only those that died at that time or later. An unknown topic
        has none.

        Raises:
            InvalidMessage: for a limit below 1, or when `since` is not a number.
        """
        since_ms = None if since is None else _milliseconds(since, "since")
        found = self._store.error_kinds(topic, limit=validation.check_limit(limit), since_ms=since_ms)
        return [
            ErrorKind(topic=name, error_kind=kind, count=count, first=first / 1000, last=last / 1000)
            for name, kind, count, first, last in found
        ]

    def workers(self) -> list[WorkerInfo]:
        """Return every daemon's row, with the age of its last heartbeat."""
        now_ms = self._clock.now_ms()
        return [worker_of(row, now_ms) for row in self._store.workers()]

    def daemon_deaths(self, within: float = KEPT_S) -> list[DaemonDeath]:
        """Return the daemons that died in the last `within` seconds (24 hours), newest first.

        Daemons that were stopped are not included, nor are lost daemons whose exit has not been noticed yet.
        The deaths are recorded in the activity log, of which the last 10,000 entries are kept.
        """
        since_ms = self._clock.now_ms() - round(within * 1000)
        return [death_of(entry) for entry in self._store.daemon_deaths(since_ms)]

    def samples(self, step: float, since: float, topic: str | None = None) -> list[TopicSample]:
        """Return the samples that daemons wrote every `step` seconds (10, 600) since a time, oldest first.

        `since` is in seconds since the epoch. The list is empty for an unknown topic.

        Raises:
            InvalidMessage: when `step` or `since` is not a number.
        """
        step_ms, since_ms = _milliseconds(step, "step"), _milliseconds(since, "since")
        return [sample_of(row) for row in self._store.samples(step_ms, since_ms, topic)]

    def activity(self, *, limit: int = 100, before: int | None = None) -> list[ActivityEntry]:
        """Return the operators' actions, newest first; with `before`, only those before that operation."""
        return self._store.activity(limit=validation.check_limit(limit), before=nearest(before))

    def data_version(self) -> int:
        """Return a number that changes whenever another connection commits."""
        return self._store.data_version()

    def wait(self, timeout: float, *, since: int | None = None) -> bool:
        """Sleep until another connection commits, or for `timeout` seconds; return whether one did.

        With `since` (the `data_version` that was read before the last check), commits since then count too;
        without it, they are missed.

        Raises:
            InvalidMessage: when the timeout is not a number of seconds.
            StoreUnavailable: when the database was moved away during the wait.
        """
        validation.check_seconds(timeout, "timeout")
        # before the comparison, so that nothing falls between the two
        waiter = self._store.waiter(is_shared=True)
        if since is not None and self._store.data_version() != since:
            return True
        return waiter.wait(timeout)


def _milliseconds(seconds: float, name: str) -> int:
    """Return a time or a step in milliseconds; those beyond the year 9999 are the same to what is stored."""
    return round(max(-_FAR_S, min(validation.check_seconds(seconds, name), _FAR_S)) * 1000)


def _purpose(verb: str, to: str | None, *, force: bool) -> Purpose:
    """Return what a selection is for.

    Raises:
        InvalidMessage: when the verb is not one of those, or is a move without a topic.
    """
    if verb not in SELECTED_FOR:
        raise InvalidMessage(f"verb must be one of {', '.join(SELECTED_FOR)}, not {verb!r}")
    if verb == "move":
        to = validation.check_topic("" if to is None else to)
    return Purpose(verb=verb, to=to, force=force)


def _preview(characters: int | None) -> int | None:
    """Return how much of a payload is shown, None for all.

    Raises:
        InvalidMessage: when it is negative.
    """
    return None if characters is None else validation.check_limit(characters, "preview", least=0)
