"""The terminal's driver, for terminals that may go away at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from typing import TextIO

    from textual.app import App

__all__ = ["TerminalDriver"]


class TerminalDriver(LinuxDriver):
    """Ends the application in order when its terminal is gone.

    Textual's thread that writes ends at the first error, after which the loop waits for ever for room in the
    thread's queue; its thread that reads shows a traceback on a terminal that is not there any more.
    """

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

    def run_input_thread(self) -> None:
        """Read keys until the application ends, or its terminal does."""
        try:
            super().run_input_thread()
        except OSError:
            # EIO, as of a terminal that was closed; whoever watches for the hangup ends the application.
            return


class _Output:
    """A stream of text, from which is lost what its terminal does not take any more."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write text, if anybody is there to read it."""
        try:
            return self._file.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Write what waits, if anybody is there to read it."""
        try:
            self._file.flush()
        except (OSError, ValueError):
            return

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        return self._file.fileno()
