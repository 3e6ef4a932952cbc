"""Standard output and error of a worker process: text streams whose lines stay whole, whoever prints.

What a thread or an asynchronous handler has not ended with a newline waits apart, until it is flushed or its
message or thread ends.
"""

from __future__ import annotations

import contextlib
import contextvars
import io
import os
import threading
from os import getpid as _getpid
from os import write as _write
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

__all__ = ["LONGEST_UNFINISHED", "LineStream", "Pipe"]

LONGEST_UNFINISHED: Final = 16 * 1024
"""How many bytes without a newline are kept before they are written all the same."""


class _Unfinished:
    """The line that somebody has begun; written when its owner ends."""

    __slots__ = ("_finish", "_pid", "data")

    def __init__(self, finish: Callable[[_Unfinished], None]) -> None:
        self.data = b""
        self._finish = finish
        self._pid = _getpid()

    def add(self, data: bytes) -> None:
        """Go on with the line."""
        self.data += data

    def take(self) -> bytes:
        """Return what there is of the line, and keep nothing."""
        data, self.data = self.data, b""
        return data

    def __del__(self) -> None:
        # a forked copy drops the threads of its parent, which prints these lines itself
        if self.data and _getpid() == self._pid:
            with contextlib.suppress(OSError):
                self._finish(self)


class Pipe:
    """Where standard output and error both go: one writer at a time, and whose line stands open."""

    def __init__(self) -> None:
        """Begin with no open line."""
        # reentrant: an object that is collected in the middle of a write may print
        self.lock = threading.RLock()
        self._open: _Unfinished | None = None
        self._is_used = False

    @property
    def is_used(self) -> bool:
        """Return whether somebody has written something."""
        return self._is_used

    def use(self) -> None:
        """Note that somebody writes."""
        self._is_used = True

    def send(self, descriptor: int, data: bytes, owner: _Unfinished) -> None:
        """Write a piece of somebody's; hold the lock."""
        if self._open is not None and self._open is not owner:
            data = b"\n" + data
        self._open = None if data.endswith(b"\n") else owner
        unsent = memoryview(data)
        while unsent:
            unsent = unsent[_write(descriptor, unsent) :]

    def is_open_for(self, owner: _Unfinished) -> bool:
        """Return whether the last that was written is an unfinished line of somebody's."""
        return self._open is owner

    def renew(self) -> None:
        """Begin again in a forked copy: the lock may be held by a thread that is not there."""
        self.lock = threading.RLock()
        self._open = None


class _LineBuffer(io.BufferedIOBase):
    """The bytes below a text stream."""

    mode = "wb"

    def __init__(self, descriptor: int, name: str, pipe: Pipe) -> None:
        self.name = name
        self._descriptor = descriptor
        self._pipe = pipe
        self._thread = threading.local()
        self._task: contextvars.ContextVar[_Unfinished | None] = contextvars.ContextVar(name, default=None)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Buffer, /) -> int:
        piece = bytes(data)
        lines, newline, rest = piece.rpartition(b"\n")
        self._pipe.use()
        with self._pipe.lock:
            mine = self._mine()
            if newline:
                whole = mine.take() + lines + newline
                mine.add(rest)
                self._pipe.send(self._descriptor, whole, mine)
            else:
                mine.add(rest)
            if len(mine.data) > LONGEST_UNFINISHED:
                self.flush()
        return len(piece)

    def flush(self) -> None:
        """Write what is unfinished, as it is; whoever prints next begins a line of his own."""
        with self._pipe.lock:
            mine = self._mine()
            if mine.data:
                self._pipe.send(self._descriptor, mine.take(), mine)

    def close(self) -> None:
        """Flush only: others print here too."""
        with contextlib.suppress(OSError):
            self.flush()

    def end_line(self) -> None:
        """End the line that is unfinished, if there is one."""
        mine = self._mine()
        # asked without the lock, as its owner alone begins a line: most handlers print nothing
        if mine.data or self._pipe.is_open_for(mine):
            with contextlib.suppress(OSError), self._pipe.lock:
                self._finish(mine)

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Keep an asynchronous handler's lines separate from those of others on its thread."""
        mine = _Unfinished(self._finish)
        token = self._task.set(mine)
        try:
            yield
        finally:
            self._task.reset(token)
            with contextlib.suppress(OSError), self._pipe.lock:
                self._finish(mine)

    def forget(self) -> None:
        """Drop what the forking thread had not finished: its process prints it."""
        self._mine().take()

    def _mine(self) -> _Unfinished:
        mine = self._task.get()
        if mine is None:
            mine = getattr(self._thread, "unfinished", None)
            if mine is None:
                mine = self._thread.unfinished = _Unfinished(self._finish)
        return mine

    def _finish(self, owner: _Unfinished) -> None:
        if owner.data or self._pipe.is_open_for(owner):
            self._pipe.send(self._descriptor, owner.take() + b"\n", owner)


class LineStream(io.TextIOWrapper):
    """A text stream like any other, that keeps lines whole and outlives being closed."""

    def __init__(self, descriptor: int, name: str, pipe: Pipe) -> None:
        """Write to a descriptor, which stays the caller's; `name` is what Python calls such a stream."""
        self.lines = _LineBuffer(descriptor, name, pipe)
        # text goes down at once, so that it is the thread that wrote it which passes it on
        super().__init__(
            self.lines, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True
        )
        # as `open` does, and Python for its own standard streams
        vars(self)["mode"] = "w"

    def end_message(self) -> None:
        """Write what a message's handler has not ended with a newline as its own line."""
        # else nothing is kept up here
        if not self.write_through:
            with contextlib.suppress(OSError, ValueError):
                self.flush()
        self.lines.end_line()
