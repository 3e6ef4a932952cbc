"""The entry point of `smq`: runs a command, and turns each way in which it can end into a code and words."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

try:
    import click
except ModuleNotFoundError:
    sys.exit("smq: the command needs click: install it by `pip install 'simple-local-mq[cli]'`")

from smq_core.cli import output, streams
from smq_core.cli.commands import smq
from smq_core.cli.streams import OutputLostError, ReaderGoneError
from smq_core.errors import SmqError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "run"]

_WRONG_USAGE: Final = 2
_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141
"""What a shell shows of a program that the signal ended."""


def main() -> None:
    """Run the command of this process's arguments and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; whatever goes wrong is said on standard error."""
    output.prepare()
    if not all(map(_is_unicode, arguments)):
        output.complain(
            "an argument is not UTF-8; `smq send TOPIC - --bytes` sends any bytes from standard input"
        )
        return _WRONG_USAGE
    with output.library_heard():
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        return _called(arguments)
    except click.UsageError as error:
        output.usage(error)
        return error.exit_code
    except click.ClickException as error:
        output.complain(error.format_message())
        return error.exit_code
    except SmqError as error:
        output.complain(str(error))
        if isinstance(error, OutputLostError):
            streams.let_go(sys.stdout)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        output.complain("stopped")
        return _INTERRUPTED
    except (ReaderGoneError, BrokenPipeError):
        streams.let_go(sys.stdout)
        return _BROKEN_PIPE


def _called(arguments: Sequence[str]) -> int:
    try:
        code = smq.main(list(arguments), prog_name="smq", standalone_mode=False)
        output.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is None:
            # of the help, which click prints on its own
            raise OutputLostError(error) from error
        raise SmqError(f"{error.filename}: {error.strerror or error}") from error
    return code if isinstance(code, int) else 0


def _is_unicode(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True
