"""Turns signals into entries of a list and a byte on a pipe, for the supervisor's loop to act on.

Those that arrive before there is a loop are kept by whoever starts the daemon, and handed over.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Signals", "has_stop", "leave_to_system"]

_HEARD: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGCHLD,
)
_STOPPING: Final = frozenset({signal.SIGINT, signal.SIGTERM})
_READ_SIZE: Final = 4096


class Signals:
    """The signals that arrived."""

    def __init__(self, earlier: Sequence[int] = ()) -> None:
        """Hear nothing yet; `earlier` has what somebody else hears until this one does."""
        self._earlier = earlier
        self._arrived: deque[int] = deque()
        self._before: dict[int, object] = {}
        self._read_end, self._write_end = os.pipe()
        for end in (self._read_end, self._write_end):
            os.set_blocking(end, False)

    def __enter__(self) -> Self:
        """Begin to hear; in the main thread only."""
        for number in _HEARD:
            self._before[number] = signal.signal(number, self._note)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        if self._earlier:
            self._arrived.extendleft(reversed(self._earlier))
            os.write(self._write_end, b"\0")
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the signals as they were."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal answered
        os.close(self._read_end)
        os.close(self._write_end)

    def fileno(self) -> int:
        """Return a descriptor that is readable when something arrived."""
        return self._read_end

    def take(self) -> list[int]:
        """Return what arrived since the last call."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read_end, _READ_SIZE)
        taken: list[int] = []
        while self._arrived:
            taken.append(self._arrived.popleft())
        return taken

    def _note(self, number: int, _frame: object) -> None:
        self._arrived.append(number)


def has_stop(arrived: Sequence[int]) -> bool:
    """Return whether any of these signals asks the daemon to end."""
    return not _STOPPING.isdisjoint(arrived)


def leave_to_system(arrived: Sequence[int]) -> None:
    """Let signals end this process as they end any other, those that have arrived too."""
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for one in arrived:
        signal.raise_signal(one)
