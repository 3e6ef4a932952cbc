"""Passes on what a worker process prints, and remembers the last lines for the report of its death."""

from __future__ import annotations

import threading
from collections import deque
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LINES_KEPT", "LINE_LIMIT", "ChildOutput"]

LINES_KEPT: Final = 30
LINE_LIMIT: Final = 4096
_AT_END_S: Final = 0.2


class ChildOutput:
    """Reads one worker process's output in a thread, so that no handler waits for the supervisor."""

    def __init__(self, pipe: IO[bytes], pass_on: Callable[[str], None]) -> None:
        """Begin to read."""
        self._pipe = pipe
        self._pass_on = pass_on
        self._last: deque[str] = deque(maxlen=LINES_KEPT)
        self._thread = threading.Thread(target=self._read, name="echo", daemon=True)
        self._thread.start()

    def last_lines(self) -> str:
        """Return the last lines of a process that has ended."""
        # a process that the handler forked off may hold the pipe open: what has come by now is enough
        self._thread.join(_AT_END_S)
        return "\n".join(list(self._last))

    def _read(self) -> None:
        with self._pipe:
            while line := self._pipe.readline(LINE_LIMIT):
                text = line.decode(errors="replace").rstrip("\n")
                self._last.append(text)
                self._pass_on(text)
