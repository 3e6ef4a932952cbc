"""The terminal's driver, for terminals that may go away at any moment and may send anything."""

from __future__ import annotations

import os
import selectors
import signal
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING, Final

from textual.drivers.linux_driver import LinuxDriver

from smq_tui.terminal.parser import TerminalParser

if TYPE_CHECKING:
    from typing import TextIO

    from textual.app import App

__all__ = ["TerminalDriver"]

_CHUNK: Final = 4096
_LOOK_EVERY_S: Final = 0.1
"""How often the thread that reads looks whether it should end, or whether an Esc was all there was."""


class TerminalDriver(LinuxDriver):
    """Ends the application in order when its terminal is gone.

    Textual's thread that writes ends at the first error, after which the loop waits forever for room in the
    thread's queue. Its thread that reads ends with a traceback at the first byte that is not UTF-8, and at
    the end of its terminal. It begins once more at each SIGCONT, which comes with the end of a terminal too.
    """

    _has_terminal = False
    """True while the terminal is set for the application."""
    _is_suspended = False
    """True while the terminal is given back to the shell."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._file: TextIO = _Output(self._file)  # type: ignore[assignment]  # all of it that the driver uses

    def start_application_mode(self) -> None:
        """Set the terminal for the application."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # theirs
        self._has_terminal = True

    def stop_application_mode(self) -> None:
        """Set the terminal as it was."""
        self._has_terminal = False
        super().stop_application_mode()

    def suspend_application_mode(self) -> None:
        """Give the terminal back for a while."""
        self._is_suspended = True
        super().suspend_application_mode()

    def resume_application_mode(self) -> None:
        """Take the terminal again, and paint what a shell wrote over."""
        self._is_suspended = False
        super().resume_application_mode()
        self._loop.call_soon_threadsafe(self._paint)

    def run_input_thread(self) -> None:
        """Read keys until the application ends, or its terminal does."""
        parser = TerminalParser(self._debug)
        # Bytes of another encoding are pasted, and typed where a terminal is set up so. Were what they stand
        # in lost, the rest of a paste would be taken for keys.
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_LOOK_EVERY_S):
                    data = self._read()
                    if not data:
                        return
                    for event in parser.feed(decode(data)):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)

    def _sigtstp_application(self, *_: object) -> None:
        # Not at once: what the signal interrupted may hold the lock of what is written.
        if self._has_terminal:
            self._loop.call_soon_threadsafe(super()._sigtstp_application)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _sigcont_application(self, *_: object) -> None:
        if self._is_suspended:
            super()._sigcont_application()
        elif self._has_terminal:
            self._loop.call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        """Set the terminal once more: a shell may have changed it while a SIGSTOP held the process."""
        if self._has_terminal:
            self.suspend_application_mode()
            self.resume_application_mode()

    def _paint(self) -> None:
        self._app.refresh(layout=True)

    def _read(self) -> bytes:
        """Return what was typed; nothing when the terminal is gone: its watcher ends the application."""
        try:
            return os.read(self.fileno, _CHUNK)
        except OSError:
            return b""


class _Output:
    """A stream of text, from which is lost what its terminal does not take any more."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write text, if the terminal is still there."""
        try:
            return self._file.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Write what is pending, if the terminal is still there."""
        try:
            self._file.flush()
        except (OSError, ValueError):
            return

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        return self._file.fileno()
