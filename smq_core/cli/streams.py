"""The three standard streams as they really are: closed, full, or with nobody at the other end.

A result that cannot be printed is an error of its own, `OutputLostError`: what the command did is done all
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

__all__ = ["OutputLostError", "ReaderGoneError", "let_go", "open_closed", "output_told"]

_STREAMS: Final = (
    ("stdin", "r", os.O_WRONLY),
    ("stdout", "w", os.O_RDONLY),
    ("stderr", "w", os.O_WRONLY),
)
"""How each is opened where it was closed: so that reading and printing fail, and notes vanish."""


class OutputLostError(SmqError):
    """Standard output did not take what was printed; whatever the command was to change, it has changed."""

    exit_code: ClassVar[int] = 74

    def __init__(self, cause: OSError, done: str = "") -> None:
        """Keep what a command did and could not print, if it did something."""
        why = f"standard output: {cause.strerror or cause}"
        super().__init__(f"{done} ({why})" if done else f"what was printed is lost: {why}")


class ReaderGoneError(Exception):
    """Whoever read the output has gone."""


def open_closed() -> None:
    """Put a stream in the place of each that the process was started without.

    Otherwise the next file to be opened, a database or its -wal, gets that number, and whatever is printed
    goes into it.
    """
    for name, mode, flags in _STREAMS:
        if getattr(sys, name) is None:
            # the lowest free number is the closed stream's own
            opened = os.open(os.devnull, flags)
            setattr(sys, name, os.fdopen(opened, mode, encoding="utf-8"))


@contextlib.contextmanager
def output_told(done: str = "") -> Iterator[None]:
    """Raise what printing in the `with` fails with as what it means for the command.

    `done` is what the command has changed by now, as a sentence.

    Raises:
        OutputLostError: when the output was not taken, or the command changed something and nobody reads.
        ReaderGoneError: when nobody reads what a command printed that changed nothing.
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
