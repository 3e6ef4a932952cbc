"""The failures of a message for display: newest first, and each text once. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.message import Attempt

__all__ = ["PastError", "error_history"]


class PastError(NamedTuple):
    """One failure to tell of."""

    attempt: Attempt | None
    """None for a last error that belongs to no attempt that is kept, such as an operator's burial."""
    error: str
    """Empty where the text stands further up, or none was given."""
    same_as: PastError | None = None
    """Where the text stands."""

    @property
    def name(self) -> str:
        """What a later line refers to it by."""
        return "last error" if self.attempt is None else f"attempt {self.attempt.attempt}"


def error_history(last_error: str | None, attempts: Sequence[Attempt]) -> Iterator[PastError]:
    """Yield failures, newest first; one whose text was told already refers to where.

    `attempts` are those that are kept, oldest first. A last error that is the newest attempt's is not told
    apart from it.
    """
    told: dict[str, PastError] = {}
    if last_error and (not attempts or attempts[-1].error != last_error):
        told[last_error] = PastError(None, last_error)
        yield told[last_error]
    for attempt in reversed(attempts):
        before = told.get(attempt.error) if attempt.error else None
        if before is None:
            before = told[attempt.error] = PastError(attempt, attempt.error)
            yield before
        else:
            yield PastError(attempt, "", before)
