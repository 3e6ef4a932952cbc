"""The end of a worker process that cannot do its work any more: at once, and not without a word.

The supervisor sees the exit code, charges what had been started, and starts another process.
"""

from __future__ import annotations

import errno
from os import _exit, getpid
from os import write as _write
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from smq_core.daemon.containment.descriptors import identity_of
from smq_core.daemon.containment.tracebacks import formatted

if TYPE_CHECKING:
    from types import TracebackType

    from smq_core.daemon.containment.forked_copies import ForkedCopies

__all__ = ["EX_SOFTWARE", "ExitOnError", "ExitOnUnexpectedError", "ExitProcess", "LoggedExit"]

EX_SOFTWARE: Final = 70
"""The exit code of a worker process that cannot go on, as in sysexits.h."""


class ExitProcess(Protocol):
    """Ends the process."""

    def __call__(self, why: str, error: BaseException | None = None) -> NoReturn:
        """Write why to the log, with the traceback of an error, and end."""
        ...


class LoggedExit:
    """Ends the process, and writes why where handlers do not write."""

    def __init__(self, log: int, copies: ForkedCopies) -> None:
        """Write to a descriptor of the log; what handlers forked off ends as a copy instead."""
        self._descriptors = (log, 2, 1)
        self._log = identity_of(log)
        self._copies = copies

    def __call__(self, why: str, error: BaseException | None = None) -> NoReturn:
        """Write why to the log, with the traceback of an error, and end."""
        try:
            if self._copies.is_copy:
                self._copies.end(error)
            text = f"worker process {getpid()} cannot continue: {why}\n"
            if error is not None:
                text = f"{formatted(error)}\n{text}"
            for descriptor in self._descriptors:
                # a number may stand for a file of a handler's by now
                if identity_of(descriptor) == self._log:
                    _write(descriptor, text.encode(errors="backslashreplace"))
                    break
        finally:
            _exit(EX_SOFTWARE)


class ExitOnError:
    """Stands around what a worker process cannot do without: an error that comes out of it is its end."""

    def __init__(self, give_up: ExitProcess, why: str) -> None:
        """End by `give_up`, for a reason."""
        self._give_up = give_up
        self._why = why

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process, but for an end without an error."""
        if error is not None:
            self._give_up(self._why, error)


class ExitOnUnexpectedError:
    """Stands around what a worker process does for a handler: what should never fail there is its end."""

    def __init__(self, give_up: ExitProcess, what: str, expected: tuple[type[Exception], ...]) -> None:
        """End by `give_up`, but for expected errors and for what interrupts a handler."""
        self._give_up = give_up
        self._what = what
        self._expected = expected

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process where it lacks descriptors, or where something else than expected was raised."""
        if isinstance(error, OSError) and error.errno == errno.EMFILE:
            self._give_up(
                "it has no file descriptors left: perhaps a handler does not close those that it opens"
            )
        if isinstance(error, Exception) and not isinstance(error, self._expected):
            self._give_up(f"it cannot {self._what}", error)
