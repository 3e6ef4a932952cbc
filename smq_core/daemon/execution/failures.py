"""Turns what a handler raised, whatever that was, into what becomes of its message. It runs no handler."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from smq_core.daemon.containment.tracebacks import formatted, summary
from smq_core.daemon.execution.command import CommandFailed
from smq_core.daemon.execution.truncation import ends_of
from smq_core.daemon.wire.protocol import Failed
from smq_core.errors import InvalidMessage
from smq_core.handler import Bury, HandlerStopped, HandlerTimeout, Retry
from smq_core.validation import duration_ms

if TYPE_CHECKING:
    from smq_core.handler import HandlerInterrupt

__all__ = ["verdict"]


def verdict(
    tag: int, error: BaseException, interrupted: type[HandlerInterrupt] | None, timeout_s: float
) -> Failed:
    """Return what becomes of a delivery whose handler ended by an error, or was interrupted."""
    if interrupted is HandlerStopped:
        return Failed(tag, "release", "its handler was stopped before it finished")
    if interrupted is HandlerTimeout:
        said = str(error) if isinstance(error, HandlerTimeout) and error.args else _trace(error)
        return Failed(tag, "requeue", ends_of(f"timed out after {timeout_s:g} s\n{said}"))
    if isinstance(error, Retry):
        return _retry(tag, error)
    if isinstance(error, Bury):
        return Failed(tag, "bury", ends_of(_why(error)))
    if isinstance(error, CommandFailed):
        return Failed(tag, "requeue", ends_of(str(error)))
    return Failed(tag, "requeue", _trace(error))


def _retry(tag: int, error: Retry) -> Failed:
    why, delay_s = _why(error), None
    if error.delay is not None:
        try:
            delay_s = duration_ms(_not_negative(error.delay), "delay") / 1000
        except InvalidMessage as mistake:
            why = f"Retry: {mistake}; the topic's back-off is used\n{why}"
    return Failed(tag, "requeue", ends_of(why), delay_s)


def _not_negative(delay: float) -> float:
    """Let a moment that is over mean now."""
    return 0.0 if isinstance(delay, int | float) and delay < 0 else delay


def _why(error: Retry | Bury) -> str:
    """Return the reason; what is not text was not given by a constructor of ours."""
    said = (error.why, *error.args)
    return next((one for one in said if isinstance(one, str) and one), type(error).__name__)


def _trace(error: BaseException) -> str:
    """Write the error's own line first, since dead letters are grouped by it, then where it came from."""
    if isinstance(error, MemoryError):
        # what the handler holds would leave no memory for the report
        traceback.clear_frames(error.__traceback__)
    return ends_of(f"{summary(error)}\n{formatted(error)}")
