"""The one place that prints: results to standard output, all else to standard error, nothing interpreted.

Text of messages passes through `smq_core.safe_text` here; JSON is in ASCII, so that it is safe on a terminal.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, Final

import click

from smq_core import streams
from smq_core.json_fields import json_form
from smq_core.safe_text import block, cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "complain",
    "flush",
    "is_terminal",
    "library_heard",
    "note",
    "say",
    "say_block",
    "say_done",
    "say_json",
    "table",
    "usage",
    "width",
    "write",
]

_BOLD: Final = "\x1b[1m"
_PLAIN: Final = "\x1b[0m"
_GAP: Final = "  "


class _Notes(logging.Handler):
    """Prints the library's log messages, in addition to the results and errors of its calls."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        note(record.getMessage())


@contextlib.contextmanager
def library_heard() -> Iterator[None]:
    """Print what the library logs inside the `with` for people to look at."""
    logger, notes = logging.getLogger("smq_core"), _Notes(logging.WARNING)
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)


def say(text: str) -> None:
    """Print one line to standard output."""
    write(cell(text) + "\n")


def say_done(text: str, *, done: str | None = None) -> None:
    """Print what a command has done, at once; `done` says it for those whom `text` does not reach.

    Raises:
        OutputLostError: when standard output does not take it, with what was done.
    """
    with streams.output_told(
        f"{cell(text)}: done, but the result could not be printed" if done is None else done
    ):
        sys.stdout.write(cell(text) + "\n")
        sys.stdout.flush()


def say_block(text: str, *, done: str = "") -> None:
    """Print text of several lines to standard output.

    `done` is what the command has changed, for those whom the text does not reach.

    Raises:
        OutputLostError: when standard output does not take it.
    """
    with streams.output_told(done):
        sys.stdout.write(block(text) + "\n")
        if done:
            sys.stdout.flush()


def say_json(value: object, *, done: str = "") -> None:
    """Print a value as JSON; what JSON has no form for is written as text, bytes as `{"base64": …}`.

    `done` is what the command has changed, for those whom the JSON does not reach.

    Raises:
        OutputLostError: when standard output does not take it.
    """
    with streams.output_told(done):
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True, default=json_form) + "\n")
        sys.stdout.flush()


def write(text: str) -> None:
    """Write text to standard output as it is.

    Raises:
        OutputLostError: when it is not taken.
    """
    with streams.output_told():
        sys.stdout.write(text)


def flush() -> None:
    """Flush what was printed.

    Raises:
        OutputLostError: when it is not taken.
    """
    with streams.output_told():
        sys.stdout.flush()


def note(text: str) -> None:
    """Print a line for the person who watches, to standard error; where nobody can, nothing happens."""
    try:
        sys.stderr.write(block(text) + "\n")
        sys.stderr.flush()
    except OSError:
        streams.let_go(sys.stderr)


def complain(text: str) -> None:
    """Print what went wrong, to standard error."""
    note(f"smq: {text}")


def usage(error: click.UsageError) -> None:
    """Print what was wrong with the arguments and where help is, or the help where there were none."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        note(error.format_message())
        return
    complain(error.format_message())
    if error.ctx is not None:
        note(f"see `{error.ctx.command_path} --help`")


def is_terminal() -> bool:
    """Return whether a person is at both ends: asks and answers make sense."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> None:
    """Print rows in columns under their titles; `right` names the titles of numbers, set to the right.

    The last column is not padded. Titles are bold on a terminal that may show colours.
    """
    cells = [[cell(value) for value in row] for row in rows]
    columns = list(zip(titles, *cells, strict=True))
    widths = [max(map(width, column)) for column in columns]
    to_right = [title in right.split() for title in titles]
    head = _line(titles, widths, to_right)
    write((f"{_BOLD}{head}{_PLAIN}" if _has_colours() else head) + "\n")
    for row in cells:
        write(_line(row, widths, to_right) + "\n")


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_width_of(character) for character in text)


def _width_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _line(row: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> str:
    padded = [
        " " * (columns - width(value)) + value if is_right else value + " " * (columns - width(value))
        for value, columns, is_right in zip(row, widths, to_right, strict=True)
    ]
    return _GAP.join(padded).rstrip()


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
