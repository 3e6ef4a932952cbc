"""A dashboard in a pty that somebody watches: what it paints is read as it comes, and kept nowhere."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import struct
import sys
import termios
import threading
from fcntl import ioctl
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Watching"]

STARTER = "from smq_tui.cli import main; main()"
SIZE = (120, 40)
KEYS = "2345671"
"""The screens that are looked at in turn."""
LOOK_S = 3.0
"""How long each is looked at."""


class Watching:
    """The dashboard, and a thread that reads it and goes from screen to screen."""

    def __init__(self, location: str, home: Path) -> None:
        """Start it on a database, its preferences in a folder."""
        self.painted = 0
        """Bytes."""
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
            environment |= {"XDG_STATE_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            environment["PYTHONPATH"] = os.pathsep.join(sys.path)
            os.execve(sys.executable, [sys.executable, "-c", STARTER, "--db", location], environment)  # noqa: S606 - our own program
        ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        self._leaving = threading.Event()
        self._reader = threading.Thread(target=self._read, name="watching", daemon=True)
        self._fingers = threading.Thread(target=self._press, name="fingers", daemon=True)
        self._reader.start()
        self._fingers.start()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it as a closed terminal does."""
        self._leaving.set()
        self._fingers.join()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self._reader.join()
        os.waitpid(self.pid, 0)
        os.close(self._descriptor)

    def _read(self) -> None:
        # the end of the program is an error of the terminal
        with contextlib.suppress(OSError):
            while data := os.read(self._descriptor, 65_536):
                self.painted += len(data)

    def _press(self) -> None:
        pressed = 0
        while not self._leaving.wait(LOOK_S):
            with contextlib.suppress(OSError):
                os.write(self._descriptor, KEYS[pressed % len(KEYS)].encode())
            pressed += 1
