"""The entry point of `smq`: runs a command, and turns each way in which it can end into a code and words."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

try:
    import click
except ModuleNotFoundError:
    sys.exit("smq: the command needs click: install it with `pip install 'simple-local-mq[cli]'`")

from smq_core import streams
from smq_core.cli import output
from smq_core.cli.commands import PipeBrokenError, smq
from smq_core.errors import SmqError
from smq_core.streams import OutputLostError, ReaderGoneError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from smq_core.streams import WatchedStream

__all__ = ["main", "run"]

_WRONG_USAGE: Final = 2
_INTERRUPTED: Final = 130


def main() -> None:
    """Run the command of this process's arguments and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; whatever goes wrong is said on standard error."""
    streams.prepare()
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
    except ReaderGoneError as error:
        streams.let_go(sys.stdout)
        return error.exit_code


def _called(arguments: Sequence[str]) -> int:
    with streams.watched("stdout") as printed:
        try:
            code = smq.main(list(arguments), prog_name="smq", standalone_mode=False)
            output.flush()
        except PipeBrokenError as error:
            _raise_as_meant(error.error, printed)
        except OSError as error:
            _raise_as_meant(error, printed)
    return code if isinstance(code, int) else 0


def _raise_as_meant(error: OSError, printed: WatchedStream) -> NoReturn:
    """Raise an error of the system as what it means: of what click printed, or of a file."""
    if error is printed.failure:
        with streams.output_told():
            raise error
    what = error.strerror or str(error)
    raise SmqError(what if error.filename is None else f"{error.filename}: {what}") from error


def _is_unicode(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True
