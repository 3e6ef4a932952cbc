"""Frames over a stream socket: a mark, a length of four bytes, then msgpack.

It knows nothing of what the frames say.
"""

from __future__ import annotations

import contextlib
import fcntl
import struct
import sys
import termios
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

__all__ = ["LONGEST_FRAME", "FrameError", "FrameReader", "FrameWriter", "pack"]

LONGEST_FRAME: Final = 64 * 1024 * 1024
"""Bytes of a frame's body. What is to be sent is split long before that; a longer one was not made by us."""
_HEAD: Final = struct.Struct("<4sI")
_MARK: Final = b"smq\0"
"""Begins each frame, so that what somebody else wrote into the socket is told from frames."""
_COUNT: Final = struct.Struct("@i")
_JUNK_KEPT: Final = 40
_READ_SIZE: Final = 256 * 1024
_encode: Final = msgspec.msgpack.Encoder().encode

T = TypeVar("T")


class FrameError(Exception):
    """A frame that is longer than any may be, or that cannot be read."""


def pack(message: msgspec.Struct) -> bytes:
    """Make the frame of a message.

    Raises:
        FrameError: when it would be longer than `LONGEST_FRAME`.
    """
    body = _encode(message)
    _check(len(body), type(message).__name__)
    return _HEAD.pack(_MARK, len(body)) + body


class FrameReader(Generic[T]):
    """Turns what arrives on a socket into messages."""

    def __init__(self, sock: socket.socket, decode: Callable[[bytes], T]) -> None:
        """Read from a socket, blocking or not, frames whose bodies `decode` reads."""
        # bound now: a handler may replace methods of the class
        self._receive = sock.recv
        self._decode = decode
        self._buffer = bytearray()
        self.is_at_end = False
        self.junk = b""
        """The beginning of what came between frames and was skipped: somebody else wrote it."""

    def read(self) -> list[T]:
        """Receive once and return the messages that are complete.

        `is_at_end` shows when there will be no more.

        Raises:
            FrameError: when a frame cannot be read, or is longer than any may be.
        """
        try:
            data = self._receive(_READ_SIZE)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.is_at_end = True
            return []
        self._buffer += data
        return list(self._messages())

    def read_all(self) -> list[T]:
        """Receive all that has arrived on a non-blocking socket.

        Raises:
            FrameError: when a frame cannot be read, or is longer than any may be.
        """
        messages: list[T] = []
        while not self.is_at_end:
            before = len(self._buffer)
            found = self.read()
            messages += found
            if not found and len(self._buffer) == before:
                break
        return messages

    def _messages(self) -> Iterator[T]:
        buffer, at = self._buffer, 0
        while len(buffer) - (at := self._after_junk(at)) >= _HEAD.size:
            _, length = _HEAD.unpack_from(buffer, at)
            _check(length, "what comes")
            end = at + _HEAD.size + length
            if len(buffer) < end:
                break
            body, at = bytes(buffer[at + _HEAD.size : end]), end
            try:
                yield self._decode(body)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise FrameError(f"a frame of {length} bytes cannot be read: {error}") from error
        del buffer[:at]

    def _after_junk(self, at: int) -> int:
        """Return where the next frame may begin, and keep the beginning of what stands before it."""
        buffer = self._buffer
        if buffer.startswith(_MARK, at) or len(buffer) - at < len(_MARK):
            return at
        found = buffer.find(_MARK, at)
        end = found if found >= 0 else len(buffer) - len(_MARK) + 1
        self.junk = self.junk or bytes(buffer[at:end][:_JUNK_KEPT])
        return end


def _check(length: int, what: str) -> None:
    if length > LONGEST_FRAME:
        raise FrameError(f"a frame of {length:,} bytes ({what}) is over the limit of {LONGEST_FRAME:,}")


class FrameWriter:
    """Sends frames on a non-blocking socket and keeps what does not fit yet."""

    def __init__(self, sock: socket.socket) -> None:
        """Write to a socket that does not block."""
        self._socket = sock
        self._pending: deque[memoryview] = deque()

    @property
    def is_blocked(self) -> bool:
        """Return whether something waits for the other side to read."""
        return bool(self._pending)

    def is_unread(self) -> bool:
        """Return whether the other side has not read all; also where the system does not reveal it."""
        if self._pending or sys.platform != "linux":
            return True
        try:
            unread: int = _COUNT.unpack(fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(_COUNT.size)))[0]
        except OSError:
            return True
        return unread > 0

    def send(self, message: msgspec.Struct) -> None:
        """Send a message, or keep it until `flush`; to a side that is gone nothing is sent."""
        self._pending.append(memoryview(pack(message)))
        self.flush()

    def flush(self) -> None:
        """Send what the other side takes now."""
        with contextlib.suppress(BlockingIOError):
            while self._pending:
                self._send_first()

    def _send_first(self) -> None:
        try:
            sent = self._socket.send(self._pending[0])
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            if isinstance(error, BlockingIOError):
                raise
            # the process's death is noticed by its exit; what was on its way to it is recovered from what was
            # in flight
            self._pending.clear()
            return
        if sent == len(self._pending[0]):
            self._pending.popleft()
        else:
            self._pending[0] = self._pending[0][sent:]
