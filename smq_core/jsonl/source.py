"""Opens what an import reads: a file, a pipe, or standard input, compressed by gzip or not.

It tells how far reading has come and who the file is; it never looks at what the lines say.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, Self

from smq_core.errors import SmqError
from smq_core.jsonl.reader import LineReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["STANDARD_INPUT", "DamagedSourceError", "Identity", "Source"]

STANDARD_INPUT: Final = "-"
"""The path that means standard input."""
_GZIP: Final = b"\x1f\x8b"
_LARGEST_INTEGER: Final = 2**63 - 1


class Identity(NamedTuple):
    """What a file is known by, beside its content."""

    device: int
    inode: int


class DamagedSourceError(SmqError):
    """Compressed data that ends early or contradicts itself; the lines before the damage were taken."""

    exit_code = 65


class Source:
    """An open file or pipe."""

    def __init__(self, path: str | os.PathLike[str], stdin: BinaryIO | None = None) -> None:
        """Open it; `-` is standard input (`stdin`, or that of the process).

        Raises:
            SmqError: when it cannot be opened, or is a folder.
        """
        self.name = os.fspath(path)
        """What messages to people call it."""
        self.path = None if self.name == STANDARD_INPUT else Path(self.name).absolute()
        self._file = self._open(stdin)
        self.identity = self._identify()
        """None for what has no identity: a pipe, a terminal, standard input."""

    def __enter__(self) -> Self:
        """Answer the source itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self.close()

    def close(self) -> None:
        """Close the file, but not standard input."""
        if self.path is not None:
            self._file.close()

    @property
    def is_compressed(self) -> bool:
        """Say whether the data is gzip's, by its first bytes and not by its name."""
        return self._file.peek(2)[:2] == _GZIP

    @property
    def size(self) -> int | None:
        """Answer the bytes of the file as it lies there; None where nobody can know."""
        return None if self.identity is None else os.fstat(self._file.fileno()).st_size

    @property
    def bytes_read(self) -> int:
        """Answer how many of the bytes of `size` were read; 0 where nobody can know."""
        return 0 if self.identity is None else self._file.tell()

    def reader(self) -> LineReader:
        """Answer a reader; for a file it begins at the start each time."""
        if self.identity is not None:
            self._file.seek(0)
        stream = gzip.GzipFile(fileobj=self._file) if self.is_compressed else self._file
        # Of a pipe what it has at the moment, so that its lines go in as they come.
        return LineReader(_Stream(stream.read1 if self.identity is None else stream.read, self.name))

    def _open(self, stdin: BinaryIO | None) -> io.BufferedReader:
        if self.path is None:
            stream = stdin or sys.stdin.buffer
            if isinstance(stream, io.BufferedReader):
                return stream
            return io.BufferedReader(stream)  # type: ignore[arg-type]  # any stream that can be read into a buffer
        try:
            return self.path.open("rb")
        except IsADirectoryError as error:
            raise SmqError(f"{self.name} is a folder: name a file of it") from error
        except OSError as error:
            raise SmqError(f"{self.name} cannot be read: {error.strerror}") from error

    def _identify(self) -> Identity | None:
        if self.path is None:
            return None
        status = os.fstat(self._file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None
        return Identity(status.st_dev & _LARGEST_INTEGER, status.st_ino & _LARGEST_INTEGER)


class _Stream:
    """A stream whose failures are sentences."""

    def __init__(self, read: Callable[[int], bytes], name: str) -> None:
        self._read = read
        self._name = name

    def read(self, size: int, /) -> bytes:
        try:
            return self._read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DamagedSourceError(
                f"{self._name}: the compressed data is damaged or ends early ({error}); its good lines are in"
            ) from error
        except OSError as error:
            raise SmqError(f"{self._name} cannot be read: {error.strerror or error}") from error
