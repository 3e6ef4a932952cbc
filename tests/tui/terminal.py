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
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Terminal"]

STARTER = "from smq_tui.cli import main; main()"
LONGEST_S = 20.0


class Terminal:
    """A dashboard in a pty."""

    def __init__(self, location: str, home: Path, *flags: str, size: tuple[int, int] = (100, 30)) -> None:
        """Start it."""
        self.output = b""
        self.process, self._descriptor = pty.fork()
        if self.process == 0:
            os.chdir(home)
            environment = {
                **os.environ,
                "HOME": str(home),
                "XDG_CONFIG_HOME": str(home),
                "XDG_STATE_HOME": str(home),
            }
            environment |= {"TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
            os.execve(sys.executable, [sys.executable, "-c", STARTER, "--db", location, *flags], environment)  # noqa: S606 - our own program
        ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def __enter__(self) -> Self:
        """Answer it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if it still runs."""
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self._descriptor)

    def read_until(self, text: str) -> None:
        """Read until a text was painted.

        Raises:
            AssertionError: when it is not.
        """
        while text.encode() not in self.output:
            is_read = self._read(LONGEST_S)
            assert is_read, f"{text!r} was not painted"

    def press(self, *keys: str) -> None:
        """Press keys, and read until nothing more is painted."""
        for key in keys:
            os.write(self._descriptor, key.encode())
            while self._read(0.3):
                pass

    def end(self, number: signal.Signals) -> int:
        """Send a signal; answer the exit code, all output being read."""
        os.kill(self.process, number)
        while self._read(LONGEST_S):
            pass
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
