"""The dashboard as a process in a terminal of its own, whose bytes are read."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import termios
from fcntl import ioctl
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LONGEST_S", "Terminal"]

STARTER = "from smq_tui.cli import main; main()"
LONGEST_S = 30.0
_ESC_S = 0.12
"""How long an Esc may be the beginning of a sequence: Textual waits 0.1 s."""
_QUIET = 3
"""Looks, one after the other, at which it has to be at rest."""
_AT_REST = frozenset("STtZX")
"""States of a thread that does not run and waits for no disk, as in proc(5)."""


class Terminal:
    """A dashboard in a pty."""

    def __init__(
        self,
        location: str | None,
        home: Path,
        *flags: str,
        size: tuple[int, int] = (100, 30),
        environment: Mapping[str, str] | None = None,
        starter: str = STARTER,
    ) -> None:
        """Start it on a database, None for the one that is meant where none is named.

        Another program of Python may be started in its place.
        """
        self.output = b""
        self.process, self._descriptor = pty.fork()
        if self.process == 0:
            os.chdir(home)
            named = () if location is None else ("--db", location)
            variables = {
                **os.environ,
                "HOME": str(home),
                "XDG_CONFIG_HOME": str(home),
                "XDG_STATE_HOME": str(home),
            }
            variables |= {"TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
            variables |= environment or {}
            os.execve(sys.executable, [sys.executable, "-c", starter, *named, *flags], variables)  # noqa: S606 - our own program
        self.resize(*size)

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if it still runs."""
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def resize(self, width: int, height: int) -> None:
        """Give it another size."""
        ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read_until(self, text: str) -> None:
        """Read until a text was painted.

        Raises:
            AssertionError: when it is not.
        """
        until = monotonic() + LONGEST_S
        while text.encode() not in self.output:
            is_read = self._read(max(0.0, until - monotonic()))
            assert is_read, f"{text!r} was not painted; the last was {self.output[-2_000:]!r}"

    def type(self, keys: str, painted: str) -> None:
        """Type keys, and read until a text was painted after them.

        Raises:
            AssertionError: when it is not.
        """
        self.output = b""
        os.write(self._descriptor, keys.encode())
        self.read_until(painted)

    def write(self, keys: str) -> None:
        """Type keys, and read nothing."""
        os.write(self._descriptor, keys.encode())

    def send(self, data: bytes) -> None:
        """Send bytes as a terminal may, and read nothing."""
        os.write(self._descriptor, data)

    def read_for(self, seconds: float) -> None:
        """Read what is painted within some seconds."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and self._read(left):
            pass

    def settle(self) -> None:
        """Read until it waits for something: no thread runs or is about to, and nothing more is painted.

        A busy machine changes how long that takes, not what it means. It waits no longer than `LONGEST_S`.
        """
        until, quiet, last = monotonic() + LONGEST_S, 0, -1
        while quiet < _QUIET and monotonic() < until:
            is_painted = self._read(0.02)
            ticks = self._ticks_at_rest()
            quiet = 0 if is_painted or ticks is None or ticks != last else quiet + 1
            last = -1 if ticks is None else ticks
            if not self._lives():
                return

    def escape(self, times: int = 1) -> None:
        """Press Esc alone: it is read, and taken for no beginning of a sequence, before anything follows."""
        for _ in range(times):
            os.write(self._descriptor, b"\x1b")
            self.settle()
            self.read_for(_ESC_S)
        self.settle()

    def close_within(self, seconds: float) -> None:
        """Read for so long, then close the terminal as its window does: the dashboard is hung up."""
        self.read_for(seconds)
        os.close(self._descriptor)
        self._descriptor = -1

    def ended_within(self, seconds: float) -> int | None:
        """Return the exit code when it ends within some seconds, None when it goes on."""
        process = os.pidfd_open(self.process)
        try:
            has_ended = select.select([process], [], [], seconds)[0]
        finally:
            os.close(process)
        return self._wait() if has_ended else None

    def leave(self, keys: str) -> int:
        """Type what leaves; return the exit code, all output being read.

        Raises:
            AssertionError: when it goes on.
        """
        os.write(self._descriptor, keys.encode())
        until = monotonic() + LONGEST_S
        while self._read(max(0.0, until - monotonic())):
            assert monotonic() < until, f"{keys!r} does not end it"
        return self._wait()

    def press(self, *keys: str) -> None:
        """Press keys, and read until nothing more is painted."""
        for key in keys:
            os.write(self._descriptor, key.encode())
            while self._read(0.3):
                pass

    def is_as_a_shell_wants_it(self) -> bool:
        """Return whether it echoes, and gives a program whole lines."""
        modes = termios.ECHO | termios.ICANON
        now: int = termios.tcgetattr(self._descriptor)[3]
        return now & modes == modes

    @property
    def is_given_back(self) -> bool:
        """True when it has left the alternate screen, as it does at its end."""
        return b"\x1b[?1049l" in self.output

    def kill(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.process, number)

    def stop(self, number: signal.Signals) -> None:
        """Send a signal that stops it, and wait until it is stopped, all output being read."""
        self.kill(number)
        self.wait_until_stopped()

    def wait_until_stopped(self) -> None:
        """Wait until it is stopped, all output being read."""
        while not os.waitpid(self.process, os.WUNTRACED | os.WNOHANG)[0]:
            self.read_for(0.02)

    def threads(self) -> int:
        """Return how many threads it has."""
        return len(list(Path(f"/proc/{self.process}/task").iterdir()))

    def end(self, number: signal.Signals) -> int:
        """Send a signal; answer the exit code, all output being read."""
        self.kill(number)
        while self._read(LONGEST_S):
            pass
        return self._wait()

    def _ticks_at_rest(self) -> int | None:
        """Return the processor time that it took so far, in ticks; None while a thread of it runs."""
        total = 0
        for task in Path(f"/proc/{self.process}/task").iterdir():
            try:
                fields = (task / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                return None
            if fields[0] not in _AT_REST:
                return None
            total += int(fields[11]) + int(fields[12])
        return total

    def _lives(self) -> bool:
        stat = Path(f"/proc/{self.process}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}

    def _wait(self) -> int:
        _, status = os.waitpid(self.process, 0)
        self.process = 0
        return os.waitstatus_to_exitcode(status)

    def _read(self, timeout: float) -> bool:
        if not select.select([self._descriptor], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:
            return False
        self.output += data
        return bool(data)
