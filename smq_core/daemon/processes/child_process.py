"""A process of the system that runs handlers: starting it, its socket, its output, its end.

It knows nothing of messages.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from typing import TYPE_CHECKING, Protocol

from smq_core.daemon.processes.child_output import ChildOutput
from smq_core.daemon.processes.children import kill_leftovers
from smq_core.daemon.processes.spawn import spawn
from smq_core.daemon.wire.frames import FrameError, FrameReader, FrameWriter
from smq_core.daemon.wire.protocol import Finish, FromProcess, decode_from_process

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgspec

    from smq_core.daemon.processes.children import Children

__all__ = ["Channel", "Child", "ChildProcess"]


class Channel(Protocol):
    """What a selector can wait for."""

    def fileno(self) -> int:
        """Return the descriptor."""
        ...


class Child(Protocol):
    """A worker process as the supervisor's side of its socket shows it."""

    @property
    def pid(self) -> int:
        """The process id."""
        ...

    @property
    def channel(self) -> Channel:
        """Readable when the process said something or hung up."""
        ...

    @property
    def is_blocked(self) -> bool:
        """Return whether frames wait for the process to read."""
        ...

    @property
    def has_unread(self) -> bool:
        """Return whether it has not read all that it was sent; also where the system does not reveal it."""
        ...

    @property
    def has_hung_up(self) -> bool:
        """Return whether nothing will come from it any more."""
        ...

    def send(self, message: msgspec.Struct) -> None:
        """Send a frame, or keep it until `flush`."""
        ...

    def flush(self) -> None:
        """Send what was kept because the process did not read."""
        ...

    def read(self) -> list[FromProcess]:
        """Return what the process said; one that cannot be understood is ended."""
        ...

    def poll(self) -> int | None:
        """Return its exit code once it has ended."""
        ...

    def kill(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        ...

    def last_lines(self) -> str:
        """Return the last lines it printed."""
        ...

    def close(self) -> None:
        """Close the socket of a process that has ended."""
        ...


class ChildProcess:
    """A process that was started."""

    def __init__(self, map_fd: int, folder: str, children: Children, pass_on: Callable[[str], None]) -> None:
        """Start it in a folder, with the -workers file; each line that it prints is passed on.

        Raises:
            OSError: when the system starts no process.
        """
        self._pass_on = pass_on
        self._is_garbled = False
        self._socket, self._popen = spawn(map_fd, folder, children)
        try:
            self._output = ChildOutput(self._popen.stdout, pass_on) if self._popen.stdout else None
        except RuntimeError as error:  # the system starts no more threads
            self._popen.kill()
            self._popen.wait()
            self._socket.close()
            raise OSError(errno.EAGAIN, str(error)) from error
        self._reader: FrameReader[FromProcess] = FrameReader(self._socket, decode_from_process)
        self._writer = FrameWriter(self._socket)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def channel(self) -> Channel:
        """Readable when the process said something or hung up."""
        return self._socket

    @property
    def is_blocked(self) -> bool:
        """Return whether frames wait for the process to read."""
        return self._writer.is_blocked

    @property
    def has_unread(self) -> bool:
        """Return whether it has not read all that it was sent; also where the system does not reveal it."""
        return self._writer.is_unread()

    @property
    def has_hung_up(self) -> bool:
        """Return whether nothing will come from it any more."""
        return self._reader.is_at_end

    def send(self, message: msgspec.Struct) -> None:
        """Send a frame, or keep it until `flush`."""
        self._writer.send(message)

    def flush(self) -> None:
        """Send what was kept because the process did not read."""
        self._writer.flush()

    def read(self) -> list[FromProcess]:
        """Return what the process said; one that cannot be understood is ended.

        Where something else came between its frames, as a handler may write into any descriptor, it is told
        to end with what it has: it may have lost some of what it was to say.
        """
        try:
            messages = self._reader.read_all()
        except FrameError as error:
            self._pass_on(f"worker process {self.pid} sent malformed data and was killed: {error}")
            self.kill(signal.SIGKILL)
            return []
        if self._reader.junk and not self._is_garbled:
            self._is_garbled = True
            self._pass_on(
                f"a handler of worker process {self.pid} wrote {self._reader.junk!r} to its connection to "
                "the daemon: the process is replaced"
            )
            self.send(Finish())
        return messages

    def poll(self) -> int | None:
        """Return its exit code once it has ended, and with it what it forked off."""
        return self._popen.poll() if kill_leftovers(self._popen) else None

    def kill(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        # `send_signal` would take the exit status of one that has just ended, and its group with it
        if self._popen.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._popen.pid, number)

    def last_lines(self) -> str:
        """Return the last lines it printed."""
        return self._output.last_lines() if self._output else ""

    def close(self) -> None:
        """Close the socket of a process that has ended."""
        self._socket.close()
