"""Turns signals into entries of a list and a byte on a pipe, for the supervisor's loop to act on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from typing import Final, Self

__all__ = ["Signals"]

_HEARD: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGCHLD,
)
_READ_SIZE: Final = 4096


class Signals:
    """The signals that arrived."""

    def __init__(self) -> None:
        """Hear nothing yet."""
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
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the signals as they were."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal answered
        os.close(self._read_end)
        os.close(self._write_end)

    def fileno(self) -> int:
        """Answer a descriptor that is readable when something arrived."""
        return self._read_end

    def take(self) -> list[int]:
        """Answer what arrived since the last call."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read_end, _READ_SIZE)
        taken: list[int] = []
        while self._arrived:
            taken.append(self._arrived.popleft())
        return taken

    def _note(self, number: int, _frame: object) -> None:
        self._arrived.append(number)
