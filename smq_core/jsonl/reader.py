"""Reads a stream in blocks of whole lines and hashes what it gave out; memory stays bounded whatever comes.

It knows bytes and line ends only; what a line means is not its business.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from smq_core.jsonl.line import LINE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BLOCK_LINES", "Block", "ByteStream", "LineReader", "LongLine"]

_CHUNK: Final = 128 * 1024
"""Bytes read at a time."""
BLOCK_LINES: Final = 500
"""Lines that are given out at once: about 5 ms of work, and of one transaction."""


class ByteStream(Protocol):
    """What is read."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        ...


class Block(NamedTuple):
    """Lines without their ends."""

    lines: list[bytes]


class LongLine(NamedTuple):
    """A line over the limit; whoever gets it reads its pieces to their end before the next block."""

    pieces: Iterator[bytes]


class LineReader:
    """Gives out a stream's lines; between two blocks, `position` and `digest` describe what was given out."""

    def __init__(self, stream: ByteStream, *, line_limit: int = LINE_LIMIT) -> None:
        """Begin at the stream's current place."""
        self.position = 0
        """Bytes given out or skipped."""
        self.is_inside_line = False
        """Whether what was skipped ended in the middle of a line."""
        self._stream = stream
        self._line_limit = line_limit
        self._hash = hashlib.blake2b(digest_size=16)
        self._held: list[bytes] = []
        self._held_size = 0

    def digest(self) -> str:
        """Return the hash of everything given out or skipped."""
        return self._hash.hexdigest()

    def skip(self, length: int) -> bool:
        """Go on to a position as if all before it had been given out; False when the stream ends before."""
        while self.position < length:
            chunk = self._stream.read(min(_CHUNK, length - self.position))
            if not chunk:
                return False
            self._give_out(chunk)
            self.is_inside_line = not chunk.endswith(b"\n")
        return True

    def is_at_end(self) -> bool:
        """Return whether nothing is left."""
        if not self._held:
            self._hold(self._stream.read(_CHUNK))
        return not self._held

    def blocks(self) -> Iterator[Block | LongLine]:
        """Give out the rest of the stream; its last line may lack its end."""
        while chunk := self._next_chunk():
            if b"\n" in chunk:
                yield from self._split(chunk)
                continue
            self._hold(chunk)
            if self._held_size > self._line_limit:
                yield LongLine(self._long_line())
        if self._held:
            yield self._last()

    def _next_chunk(self) -> bytes:
        if len(self._held) == 1 and b"\n" in self._held[0]:
            return self._release()
        return self._stream.read(_CHUNK)

    def _split(self, chunk: bytes) -> Iterator[Block]:
        rest = self._release() + chunk if self._held else chunk
        while True:
            lines = rest.split(b"\n", BLOCK_LINES)
            begun = lines.pop()
            if not lines:
                break
            self._give_out(memoryview(rest)[: len(rest) - len(begun)])
            rest = begun
            yield Block(lines)
        self._hold(rest)

    def _long_line(self) -> Iterator[bytes]:
        while self._held:
            piece = self._held.pop(0)
            end = piece.find(b"\n") + 1
            if end:
                self._give_out(piece[:end])
                self._held_size = 0
                self._hold(piece[end:])
                yield piece[: end - 1]
                return
            self._give_out(piece)
            yield piece
            if not self._held:
                self._hold(self._stream.read(_CHUNK))

    def _last(self) -> Block:
        line = self._release()
        self._give_out(line)
        return Block([line])

    def _give_out(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self.position += len(data)

    def _hold(self, data: bytes) -> None:
        if data:
            self._held.append(data)
            self._held_size += len(data)

    def _release(self) -> bytes:
        data = b"".join(self._held)
        self._held, self._held_size = [], 0
        return data
