"""What handlers print: both standard streams of a worker process, and whose message a line belongs to."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from typing import TYPE_CHECKING, Final

from smq_core.daemon.containment.stdio import LineStream, Pipe

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HandlerOutput"]

_IOLBF: Final = 1


class HandlerOutput:
    """Standard output and standard error."""

    def __init__(self, out: int, error: int) -> None:
        """Write to two descriptors, which lead to the same log."""
        self._pipe = Pipe()
        self.out = LineStream(out, "<stdout>", self._pipe)
        self.error = LineStream(error, "<stderr>", self._pipe)

    def install(self) -> None:
        """Let whatever this process prints go there, what C code prints included."""
        sys.stdout = sys.__stdout__ = self.out  # type: ignore[misc]  # final for type checkers alone
        sys.stderr = sys.__stderr__ = self.error  # type: ignore[misc]  # likewise
        # the buffer of C's own standard output would keep its lines until the process ends
        with contextlib.suppress(OSError, AttributeError, ValueError):
            library = ctypes.CDLL(None)
            library.setvbuf(ctypes.c_void_p.in_dll(library, "stdout"), None, _IOLBF, 0)

    def say(self, text: str) -> None:
        """Write a line about the worker process itself."""
        with contextlib.suppress(OSError):
            self.error.lines.write(f"{text}\n".encode(errors="backslashreplace"))

    def end_message(self) -> None:
        """Write what a message's handler has not ended with a newline, each as its own line."""
        out, error = self.out, self.error
        if sys.stdout is not out or sys.stderr is not error:
            self._flush_others()
        # asked first, as it is asked after each message, and most processes print nothing
        if self._pipe.is_used or not (out.write_through and error.write_through):
            out.end_message()
            error.end_message()

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Keep an asynchronous handler's lines separate from those of others on its thread."""
        with self.out.lines.apart(), self.error.lines.apart():
            yield

    def _flush_others(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and stream is not self.out and stream is not self.error:
                # a handler's own stream, which may fail in any way
                with contextlib.suppress(Exception):
                    stream.flush()

    def become_copy(self) -> None:
        """Begin again in a forked copy, whose parent prints what was not finished."""
        self._pipe.renew()
        self.out.lines.forget()
        self.error.lines.forget()
