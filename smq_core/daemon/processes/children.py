"""The child processes of a daemon: those it started, and those that others left behind.

On Linux a process whose parent dies comes to the daemon, which sees what handlers and commands left behind,
and takes its exit status when it ends, as an init process does.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypedDict, Unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from smq_core.daemon.log import Journal

__all__ = ["STRAYS_TOLD", "Children", "Stray", "adopt_orphans", "kill_leftovers"]

_PR_SET_CHILD_SUBREAPER: Final = 36
STRAYS_TOLD: Final = 20
_LONGEST_COMMAND: Final = 200


class Stray(NamedTuple):
    """A process that a handler or a command left running."""

    pid: int
    command: str


class _Streams(TypedDict, total=False):
    """What a process is started with; see `subprocess.Popen`."""

    stdin: int
    stdout: int
    stderr: int
    pass_fds: Collection[int]
    start_new_session: bool
    cwd: str


class Children:
    """Knows which children a daemon started itself: whoever waits for one takes its exit status."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, words: Sequence[str], **streams: Unpack[_Streams]) -> subprocess.Popen[bytes]:
        """Start a process for somebody who waits for it.

        Raises:
            OSError: when it cannot be started.
        """
        # nobody may take it for a stray before it is known
        with self._lock:
            started = subprocess.Popen(words, **streams)  # noqa: S603 - our own module, or the operator's command
            self._started.append(started)
        return started

    def run(self, words: Sequence[str], data: bytes, timeout_s: float) -> None:
        """Run a process until it exits, with data on its standard input.

        Raises:
            OSError: when it cannot be started.
            SubprocessError: when it fails, or takes longer.
        """
        with self.start(words, stdin=subprocess.PIPE) as started:
            try:
                started.communicate(data, timeout_s)
            finally:
                # does nothing to one that has ended
                started.kill()
        if started.returncode:
            raise subprocess.CalledProcessError(started.returncode, words)

    def reap(self) -> None:
        """Take the exit status of processes that have ended and that nobody here waits for."""
        if not hasattr(os, "waitid"):
            return
        with self._lock, contextlib.suppress(ChildProcessError):
            own = self._own()
            while (ended := _first_ended()) is not None and ended not in own:
                os.waitid(os.P_PID, ended, os.WEXITED | os.WNOHANG)

    def tell_strays(self, journal: Journal) -> None:
        """Log what handlers and commands started and detached: it is not the daemon's to end."""
        for stray in self.strays()[:STRAYS_TOLD]:
            journal.warning(
                "left_running",
                f"process {stray.pid}, left behind by a handler or a command, keeps running: {stray.command}",
                pid=stray.pid,
            )

    def strays(self) -> list[Stray]:
        """Return the processes that were left behind and still run."""
        with self._lock:
            own = self._own()
            found = [Stray(pid, _command(pid)) for pid in _children_of_this_process() if pid not in own]
        return [stray for stray in found if stray.command]

    def _own(self) -> set[int]:
        self._started = [one for one in self._started if one.returncode is None]
        return {one.pid for one in self._started}


def adopt_orphans() -> None:
    """Let processes whose parent dies come to this one, where the system (Linux) can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_leftovers(leader: subprocess.Popen[bytes]) -> bool:
    """Return whether a child has ended; then what is left of the process group that it led is killed first.

    Whoever takes its exit status asks here before: until then its number means that group and no other.
    """
    if leader.returncode is not None or not hasattr(os, "waitid"):
        return leader.poll() is not None
    try:
        if os.waitid(os.P_PID, leader.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
    except ChildProcessError:
        return True
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader.pid, signal.SIGKILL)
    return True


def _first_ended() -> int | None:
    ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return None if ended is None else ended.si_pid


def _children_of_this_process() -> list[int]:
    pids: list[int] = []
    for thread in Path("/proc/self/task").glob("*"):
        with contextlib.suppress(OSError):
            pids += [int(pid) for pid in (thread / "children").read_text(encoding="ascii").split()]
    return sorted(pids)


def _command(pid: int) -> str:
    """Return what a process runs; nothing for one that has ended."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return b" ".join(words).decode(errors="replace").strip()[:_LONGEST_COMMAND]
