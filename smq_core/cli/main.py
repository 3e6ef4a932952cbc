"""The entry point of `smq`: runs a command, and turns each way in which it can end into a code and words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

try:
    import click
except ModuleNotFoundError:
    sys.exit("smq: the command needs click: install it by `pip install 'simple-local-mq[cli]'`")

from smq_core.cli import output
from smq_core.cli.commands import ReaderGoneError, smq
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
    """Run a command and answer its exit code; whatever goes wrong is said on standard error."""
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
        code = smq.main(list(arguments), prog_name="smq", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        output.usage(error)
        return error.exit_code
    except click.ClickException as error:
        output.complain(error.format_message())
        return error.exit_code
    except SmqError as error:
        output.complain(str(error))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        output.complain("stopped")
        return _INTERRUPTED
    except (ReaderGoneError, BrokenPipeError):
        _let_go_of_output()
        return _BROKEN_PIPE
    except OSError as error:
        output.complain(f"{error.filename or 'output'}: {error.strerror or error}")
        return 1
    return code if isinstance(code, int) else 0


def _is_unicode(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _let_go_of_output() -> None:
    """Point standard output nowhere, since the interpreter flushes it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
