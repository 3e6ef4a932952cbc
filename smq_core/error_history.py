"""The failures of a message for display: newest first, and each text once. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.states import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.message import Attempt, Message

__all__ = ["PastError", "error_history"]


_ENDS: Final = {
    "requeue": "failed",
    "bury": "buried",
    "reclaim": "lease expired",
    "recover": "worker died",
}
"""How an attempt ended, by the verb that ended it."""


class PastError(NamedTuple):
    """One failure to tell of."""

    attempt: Attempt | None
    """None for a last error that belongs to no attempt that is kept, such as an operator's burial."""
    error: str
    """Empty where the text stands further up, or none was given."""
    same_as: PastError | None = None
    """Where the text stands."""
    is_fatal: bool = False
    """Whether the message is dead since this attempt."""

    @property
    def name(self) -> str:
        """What a later line refers to it by."""
        return "last error" if self.attempt is None else f"attempt {self.attempt.attempt}"

    @property
    def what(self) -> str:
        """How the attempt ended; empty for a last error that belongs to none."""
        return "" if self.attempt is None else _ENDS.get(self.attempt.outcome, self.attempt.outcome)


def error_history(message: Message, attempts: Sequence[Attempt]) -> Iterator[PastError]:
    """Yield a message's failures, newest first; one whose text was told already refers to where.

    `attempts` are those that are kept, oldest first. A last error that is the newest attempt's is not told
    apart from it.
    """
    last_error, told = message.last_error, dict[str, PastError]()
    died_at = message.finished_at if message.state is State.DEAD else None
    if last_error and (not attempts or attempts[-1].error != last_error):
        told[last_error] = PastError(None, last_error)
        yield told[last_error]
    for attempt in reversed(attempts):
        is_fatal = attempt is attempts[-1] and attempt.at == died_at
        before = told.get(attempt.error) if attempt.error else None
        if before is None:
            before = told[attempt.error] = PastError(attempt, attempt.error, is_fatal=is_fatal)
            yield before
        else:
            yield PastError(attempt, "", before, is_fatal)
