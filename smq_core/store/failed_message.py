"""A message that was not processed, what became of it, and how that is logged.

Where no caller learns that a message became dead, as when a dequeue takes an expired lease back, it is logged
as `smq_core` logs; the daemon writes such records as lines of its own log.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.error_text import first_line
from smq_core.states import State

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SHOWN", "FailedMessage", "log_dead", "of_record"]

_log: Final = logging.getLogger(__name__)
_ATTRIBUTE: Final = "failed_message"
SHOWN: Final = 500
"""Characters of an error's first line in a log."""


class FailedMessage(NamedTuple):
    """A message that was not processed."""

    id: int
    topic: str
    attempts: int
    """Leases that count against the limit."""
    error: str
    state: State
    """Where it is now."""

    @property
    def sentence(self) -> str:
        """The error's first line, and whether the message is dead."""
        line = first_line(self.error, SHOWN)
        if self.state != State.DEAD:
            return line
        dead = "dead"
        if self.attempts:
            dead += f" after {self.attempts:,} attempt{'' if self.attempts == 1 else 's'}"
        return f"{dead}: {line}" if line else dead


def log_dead(messages: Iterable[FailedMessage]) -> None:
    """Log, as warnings, those messages that are dead."""
    for one in messages:
        if one.state == State.DEAD:
            text = f"message {one.id} of {one.topic} is {one.sentence}"
            _log.warning("%s", text, extra={_ATTRIBUTE: one})


def of_record(record: logging.LogRecord) -> FailedMessage | None:
    """Return the message that a record of the log is about; None: it is about something else."""
    found = getattr(record, _ATTRIBUTE, None)
    return found if isinstance(found, FailedMessage) else None
