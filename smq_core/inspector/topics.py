"""What an operator sets for a topic or asks of a daemon: pause, policy, drop, a daemon's command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core import validation
from smq_core.errors import InvalidMessage
from smq_core.inspector.opened import OpenedQueue
from smq_core.policy import Backoff
from smq_core.safe_text import clean_text

if TYPE_CHECKING:
    import datetime

    from smq_core.message import Outcome
    from smq_core.policy import TopicPolicy

__all__ = ["TopicOperations"]


class TopicOperations(OpenedQueue):
    """The part of the inspector that sets."""

    def pause(self, topic: str, reason: str = "", until: float | datetime.datetime | None = None) -> Outcome:
        """Stop a topic from being leased, until an aware datetime or epoch seconds if given.

        Running messages continue. A topic that has never been used is paused as well, for when it is used; a
        topic that is already paused gets the new reason and end.

        Raises:
            InvalidMessage: for an illegal name, or a time outside the years 1970 to 9999.
            StoreError: when the database cannot be written.
            UsageError: when the inspector is read-only.
        """
        until_ms = None if until is None else validation.available_at_ms(0, 0.0, until)
        now_ms = self._clock.now_ms()
        if until_ms is not None and until_ms <= now_ms:
            raise InvalidMessage("a pause must end in the future: that time is in the past")
        return self._store.pause(
            validation.check_topic(topic),
            reason=clean_text(reason or ""),
            until_ms=until_ms,
            actor=self._actor,
            now_ms=now_ms,
        )

    def resume(self, topic: str) -> Outcome:
        """Let a paused topic be leased again.

        If the topic is unknown or not paused, nothing is done or recorded.

        Raises:
            InvalidMessage: when the name is not text.
            StoreError: when the database cannot be written.
            UsageError: when the inspector is read-only.
        """
        validation.check_is_text(topic, "a topic")
        return self._store.resume(topic, actor=self._actor, now_ms=self._clock.now_ms())

    def policy(self, topic: str) -> TopicPolicy:
        """Return a topic's policy with the defaults filled in; an unknown topic has all defaults.

        Raises:
            InvalidMessage: when the name is not text.
        """
        return self._store.policy(validation.check_is_text(topic, "a topic"))

    def set_policy(
        self,
        topic: str,
        *,
        max_attempts: int | None = None,
        visibility_timeout: float | None = None,
        backoff: Backoff | None = None,
        keep: float | None = None,
    ) -> Outcome:
        """Set the given parts of a topic's policy; nothing is done if none is given.

        `max_attempts` is at least 1; `visibility_timeout` is in seconds, from 1 ms to 24 hours; `keep` is the
        number of seconds for which processed messages are kept as `done` (0: not at all). The policy of a
        topic that was never used applies when it is used.

        Raises:
            InvalidMessage: for an illegal name, or a value out of range.
            StoreError: when the database cannot be written.
            UsageError: when the inspector is read-only.
        """
        return self._store.set_policy(
            validation.check_topic(topic),
            max_attempts=validation.check_max_attempts(max_attempts),
            visibility_ms=None
            if visibility_timeout is None
            else validation.visibility_ms(visibility_timeout),
            backoff=None if backoff is None else _checked(backoff),
            keep_ms=None if keep is None else validation.duration_ms(keep, "keep"),
            actor=self._actor,
            now_ms=self._clock.now_ms(),
        )

    def drop(self, topic: str) -> bool:
        """Forget a topic that has no messages, with its policy and pause.

        Returns False if it has any or is unknown.

        Raises:
            InvalidMessage: when the name is not text.
            StoreError: when the database cannot be written.
            UsageError: when the inspector is read-only.
        """
        validation.check_is_text(topic, "a topic")
        return self._store.drop(topic, actor=self._actor, now_ms=self._clock.now_ms())

    def command_worker(self, worker_id: str, command: str) -> bool:
        """Ask a daemon to go quiet, resume or stop; it reads the request at its next heartbeat.

        Returns False if there is no such daemon.

        Raises:
            InvalidMessage: for an unknown command, or an id that is not text.
            StoreError: when the database cannot be written.
            UsageError: when the inspector is read-only.
        """
        validation.check_is_text(worker_id, "a daemon's id")
        if command not in _COMMANDS:
            raise InvalidMessage(f"a daemon accepts the commands quiet, resume and stop, not {command!r:.40}")
        return self._store.command_worker(worker_id, command, actor=self._actor, now_ms=self._clock.now_ms())


_COMMANDS: Final = ("quiet", "resume", "stop")


def _checked(backoff: Backoff) -> Backoff:
    """Return a back-off as it will be read back from its stored form.

    Raises:
        InvalidMessage: when it cannot be written so that it comes back as it is.
    """
    try:
        stored = Backoff.parse(str(backoff))
    except (ValueError, OverflowError, TypeError) as error:
        raise InvalidMessage(f"back-off {backoff!r}: {error}") from error
    if stored != backoff:
        raise InvalidMessage(
            f"back-off {backoff!r} would be read back as {stored}: use waits of whole milliseconds and a "
            "factor of at most six digits"
        )
    return stored
