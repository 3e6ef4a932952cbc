"""How a command ended, read in a way that shows when somebody else took its exit status.

`subprocess` takes a lost status for 0. A handler of the same process loses it by `os.waitpid(-1)`, or by
ignoring SIGCHLD.
"""

from __future__ import annotations

import ctypes
import os
import signal
from os import waitpid, waitstatus_to_exitcode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

__all__ = ["StatusLost", "exit_code", "is_untaken"]


class StatusLost(Exception):  # noqa: N818 - what happened, as its message says
    """The process has ended, and nobody here will know how."""


def exit_code(process: subprocess.Popen[bytes], *, wait: bool = False) -> int | None:
    """Return a process's exit code (negative: the signal) once it has ended, or wait for that.

    Raises:
        StatusLost: when somebody else took it; the process is gone then.
    """
    if process.returncode is None:
        try:
            pid, status = waitpid(process.pid, 0 if wait else os.WNOHANG)
        except ChildProcessError as error:
            # or `subprocess` would ask again, for a number that may be another process's by now
            process.returncode = 0
            _keep_statuses()
            raise StatusLost from error
        if pid:
            process.returncode = waitstatus_to_exitcode(status)
    return process.returncode


def is_untaken(process: subprocess.Popen[bytes]) -> bool:
    """Return whether nobody took a process's exit status yet, so that its number still means it."""
    if process.returncode is not None:
        return False
    try:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    except AttributeError:  # a system that has no such call
        return True
    return True


def _keep_statuses() -> None:
    """Let the system keep exit statuses again, if a handler made it throw them away.

    By C's own function: Python's is for the main thread alone.
    """
    ctypes.CDLL(None).signal(int(signal.SIGCHLD), 0)
