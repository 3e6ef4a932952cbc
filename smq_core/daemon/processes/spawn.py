"""Starts a worker process, and says how one that ended before it was ready came to its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smq_core.daemon.processes.children import Children

__all__ = ["end_of", "spawn", "was_struck", "why_not_ready", "with_output"]

_SENT: Final = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM})


def spawn(map_fd: int, folder: str, children: Children) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start a worker process in the folder of the handlers; return our end of its socket pair, and it.

    Raises:
        OSError: when it cannot be started.
    """
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003 - the socket's own signature
    numbers = [str(number) for number in (theirs.fileno(), map_fd, os.getpid())]
    try:
        with theirs:
            popen = children.start(
                # -P: what lies in the folder is found only when the process has all that it needs itself
                [sys.executable, "-P", "-m", "smq_core.daemon.worker_process.main", *numbers],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(), map_fd),
                cwd=folder,
                # its own group, which holds what it forks off and nobody else
                start_new_session=True,
            )
    except OSError:
        ours.close()
        raise
    return ours, popen


def end_of(code: int) -> str:
    """Return in words how a process ended, by its return code."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def why_not_ready(importing: str, code: int, limit_s: float) -> str:
    """Return why a worker process ended that said nothing; `importing` is the handler it had begun with."""
    if not importing:
        return f"a worker process exited before it could import any handler: {end_of(code)}"
    advice = f"; the time limit is {limit_s:g} s (import_timeout)" if limit_s else ""
    return f"handler {importing!r}: the worker process exited while importing it: {end_of(code)}{advice}"


def was_struck(importing: str, code: int) -> bool:
    """Return whether a worker process that was not ready may have ended by no fault of its handlers.

    It had begun to import none, or it got a signal that people, terminals and a system short of memory send.
    """
    return not importing or -code in _SENT


def with_output(why: str, lines: str) -> str:
    """Return why handlers could not be imported, with what was printed meanwhile below it."""
    return f"{why}\nit printed:\n{lines}" if lines.strip() else why
