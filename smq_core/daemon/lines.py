"""Standard output of a worker process: whole lines, whichever threads print at once."""

from __future__ import annotations

import io
import os
import threading

__all__ = ["LineStream"]


class LineStream(io.TextIOBase):
    """A text stream that keeps each thread's unfinished line apart and writes a line in one piece."""

    def __init__(self, descriptor: int) -> None:
        """Write to a descriptor, which stays the caller's."""
        self._descriptor = descriptor
        self._unfinished = threading.local()

    def writable(self) -> bool:
        """Answer that it is."""
        return True

    def fileno(self) -> int:
        """Answer the descriptor."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Write the lines that are complete now."""
        known: str = getattr(self._unfinished, "text", "")
        lines, newline, rest = (known + text).rpartition("\n")
        self._unfinished.text = rest
        if newline:
            self._send(lines + newline)
        return len(text)

    def flush(self) -> None:
        """Write this thread's unfinished line."""
        rest: str = getattr(self._unfinished, "text", "")
        if rest:
            self._unfinished.text = ""
            self._send(rest)

    def _send(self, text: str) -> None:
        unsent = memoryview(text.encode(errors="backslashreplace"))
        while unsent:
            unsent = unsent[os.write(self._descriptor, unsent) :]
