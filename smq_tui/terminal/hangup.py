"""Ends the program when its terminal is gone or a signal says so: in order, else by force after seconds."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["Hangup"]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
_SIGNAL_EXIT: Final = 128


class Hangup:
    """Watches for SIGTERM, for SIGHUP, and for the terminal's end.

    The first of them asks the program to leave, and ends it by force when it is still there `patience_s`
    later: what it waits for may never come once its terminal is gone. One thread does that, and sleeps in the
    kernel until then. Signals are handled by Python, not by the event loop, which may be what is stuck, and
    the terminal is watched as well, for SIGHUP may be ignored or go to other processes.
    """

    def __init__(self, *, patience_s: float) -> None:
        """Take down how the terminal is set, before anybody changes it."""
        self._patience_s = patience_s
        self._terminal = _Terminal()
        self._leave: Callable[[int], object] = lambda _: None
        self._code: int | None = None
        """The exit code, once it is time to leave."""
        self._lock = threading.Lock()
        """Of both: it may be time before anybody can be told."""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def start(self) -> None:
        """Watch from now on, before the terminal is changed; the main thread calls this."""
        for number in _SIGNALS:
            signal.signal(number, self._take_signal)
        threading.Thread(target=self._watch, name="smq-hangup", daemon=True).start()

    def watch(self, leave: Callable[[int], object]) -> None:
        """Call `leave` with the exit code when it is time, from any thread; it may be time already."""
        with self._lock:
            self._leave = leave
        if self._code is not None:
            leave(self._code)

    def _take_signal(self, number: int, _: FrameType | None) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, bytes([number]))

    def _watch(self) -> None:
        code = _SIGNAL_EXIT + self._wait()
        with self._lock:
            self._code, leave = code, self._leave
        leave(code)
        # What is waited for is the end of the process, and with it of this thread.
        threading.Event().wait(self._patience_s)
        self._terminal.restore()
        os._exit(code)

    def _wait(self) -> int:
        """Return the number of the signal that came; of a terminal that hung up, SIGHUP's."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if self._terminal.is_there:
            poll.register(self._terminal.descriptor, 0)
        while True:
            for descriptor, events in poll.poll():
                if descriptor == self._reader:
                    return os.read(self._reader, 1)[0]
                if events & select.POLLHUP:
                    return signal.SIGHUP
                # Some systems cannot poll terminals: there the signal has to do.
                poll.unregister(descriptor)


class _Terminal:
    """The terminal that keys come from, as it was at the start."""

    RESET: Final = b"\x1b[<u" + b"".join(
        b"\x1b[?" + mode
        for mode in (b"2004l", b"1000l", b"1003l", b"1006l", b"1015l", b"1004l", b"7h", b"1049l", b"25h")
    )
    """Gives back keyboard, pasting, mouse and wrapping, leaves the other screen, shows the cursor."""

    def __init__(self) -> None:
        self.descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
        self.is_there = self.descriptor >= 0 and os.isatty(self.descriptor)
        self._attributes = termios.tcgetattr(self.descriptor) if self.is_there else None

    def restore(self) -> None:
        """Set it as it was, without ever waiting for it."""
        if self._attributes is None:
            return
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self.descriptor, termios.TCSANOW, self._attributes)
        with contextlib.suppress(OSError):
            # A description of its own: not to block is not for those who share the other.
            terminal = os.open(os.ttyname(self.descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            os.write(terminal, self.RESET)
