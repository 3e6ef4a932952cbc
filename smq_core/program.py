"""Runs a click program and exits cleanly, whatever the state of its standard streams."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from smq_core import streams
from smq_core.streams import OutputLostError, ReaderGoneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

__all__ = ["run_program"]


def run_program(name: str, program: Callable[[], object]) -> NoReturn:
    """Run a program and end the process with its exit code, or with 74 when its output was lost.

    What it writes to standard error while that cannot be read is lost silently.

    Raises:
        SystemExit: always, unless the program raises another exception.
    """
    streams.prepare()
    with streams.watched("stdout") as printed, streams.watched("stderr", is_lossy=True) as notes:
        code: str | int | None = 0
        try:
            program()
        except SystemExit as ended:
            code = ended.code
        except OSError as error:
            if error is not printed.failure:
                raise
        if printed.failure is not None:
            code = _told(name, printed.failure)
        notes.flush()
    if printed.failure is not None:
        streams.let_go(sys.stdout)
    if notes.failure is not None:
        streams.let_go(sys.stderr)
    sys.exit(code)


def _told(name: str, failure: OSError) -> int:
    """Write to standard error what became of the output, and return the exit code."""
    try:
        with streams.output_told():
            raise failure
    except OutputLostError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return error.exit_code
    except ReaderGoneError as error:
        return error.exit_code
