"""The three standard streams in every state: closed, full, or without a reader.

A result that cannot be printed is an error of its own, `OutputLostError`: what the program did is done all
the same. Notes to standard error are lost without a word, since there is nowhere left to say so.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, ClassVar, Final

from smq_core.errors import SmqError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

__all__ = [
    "OutputLostError",
    "ReaderGoneError",
    "WatchedStream",
    "let_go",
    "output_told",
    "prepare",
    "watched",
]

_STREAMS: Final = (
    ("stdin", "r", os.O_WRONLY),
    ("stdout", "w", os.O_RDONLY),
    ("stderr", "w", os.O_WRONLY),
)
"""How each is opened where it was closed: so that reading and printing fail, and notes vanish."""


class OutputLostError(SmqError):
    """Standard output did not take what was printed; whatever the program was to change, it has changed."""

    exit_code: ClassVar[int] = 74

    def __init__(self, cause: OSError, done: str = "") -> None:
        """Keep what a program did and could not print, if it did something."""
        why = f"standard output: {cause.strerror or cause}"
        super().__init__(f"{done} ({why})" if done else f"what was printed is lost: {why}")


class ReaderGoneError(Exception):
    """Whoever read the output has gone."""

    exit_code: ClassVar[int] = 141
    """What a shell shows of a program that the signal ended."""


class WatchedStream:
    """A stream of text that remembers what writing to it failed with.

    So that this error is told apart from every other `OSError`. A lossy one raises nothing: what it cannot
    write is lost.
    """

    def __init__(self, stream: TextIO, *, is_lossy: bool = False) -> None:
        """Write to a stream; all else that is asked of it is asked of that one."""
        self._stream = stream
        self._is_lossy = is_lossy
        self.failure: OSError | None = None
        """The latest error."""

    def write(self, text: str) -> int:
        """Write text and return the number of its characters."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._keep(error)
            return len(text)

    def flush(self) -> None:
        """Write what waits."""
        try:
            self._stream.flush()
        except OSError as error:
            self._keep(error)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def _keep(self, error: OSError) -> None:
        self.failure = error
        if not self._is_lossy:
            raise error


def prepare() -> None:
    """Make the streams of this process bear every character, and fail where they are closed.

    A stream takes the place of each that the process was started without. Otherwise the next file to be
    opened, a database or its -wal, gets that number, and whatever is printed goes into it.
    """
    for name, mode, flags in _STREAMS:
        if getattr(sys, name) is None:
            # the lowest free number is the closed stream's own, which what this process starts has to find
            # taken as well
            opened = os.open(os.devnull, flags)
            os.set_inheritable(opened, True)  # noqa: FBT003 - the system's own signature
            setattr(sys, name, os.fdopen(opened, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def watched(name: str, *, is_lossy: bool = False) -> Iterator[WatchedStream]:
    """Put a `WatchedStream` in the place of the stream `sys.NAME` for as long as the `with` lasts."""
    stream = getattr(sys, name)
    watching = WatchedStream(stream, is_lossy=is_lossy)
    setattr(sys, name, watching)
    try:
        yield watching
    finally:
        setattr(sys, name, stream)


@contextlib.contextmanager
def output_told(done: str = "") -> Iterator[None]:
    """Raise what printing in the `with` fails with as what it means for the program.

    `done` is a sentence about what the program has changed so far.

    Raises:
        OutputLostError: when the output was not taken, or the program changed something and nobody reads.
        ReaderGoneError: when nobody reads what a program printed that changed nothing.
    """
    try:
        yield
    except BrokenPipeError as error:
        if done:
            raise OutputLostError(error, done) from error
        raise ReaderGoneError from error
    except OSError as error:
        raise OutputLostError(error, done) from error


def let_go(stream: TextIO) -> None:
    """Point a stream nowhere that takes no text, since the interpreter flushes it once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
