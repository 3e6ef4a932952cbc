"""Opens what an import reads: a file, a pipe, or standard input, compressed by gzip or not.

It shows how far reading has come and who the file is; it never looks at what the lines say.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, Self

from smq_core.errors import SmqError
from smq_core.jsonl.reader import LineReader
from smq_core.location import absolute

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["STANDARD_INPUT", "DamagedSourceError", "Identity", "Source", "UnfitSourceError"]

STANDARD_INPUT: Final = "-"
"""The path that means standard input."""
_GZIP: Final = b"\x1f\x8b"
_UTF_16: Final = "is in UTF-16, which cannot be imported: convert it (iconv -f UTF-16 -t UTF-8) and try again"
_UTF_32: Final = "is in UTF-32, which cannot be imported: convert it (iconv -f UTF-32 -t UTF-8) and try again"
_REFUSED: Final = (
    (b"BZh", "is compressed with bzip2: pipe it in (bzip2 -dc FILE | smq import -), or use gzip"),
    (b"\xfd7zXZ\0", "is compressed with xz: pipe it in (xz -dc FILE | smq import -), or use gzip"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: pipe it in (zstd -dc FILE | smq import -), or use gzip"),
    (b"PK\3\4", "is a zip archive: unpack it first"),
    (b"\xff\xfe\0\0", _UTF_32),
    (b"\0\0\xfe\xff", _UTF_32),
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
    *((byte + b"\0", _UTF_16) for byte in (b"{", b"[", b'"')),
    *((b"\0" + byte, _UTF_16) for byte in (b"{\0", b"[\0", b'"\0')),
)
"""How data begins that cannot be lines in UTF-8, and what to do with it; JSON in UTF-16 may lack its mark."""
_LARGEST_INTEGER: Final = 2**63 - 1


class Identity(NamedTuple):
    """What identifies a file, besides its content."""

    device: int
    inode: int


class DamagedSourceError(SmqError):
    """Compressed data that ends early or contradicts itself; the lines before the damage were taken."""

    exit_code = 65


class UnfitSourceError(SmqError):
    """Data that is neither text in UTF-8 nor gzip's; nothing of it was taken."""

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
        self.path = None if self.name == STANDARD_INPUT else absolute(self.name)
        self._file = self._open(stdin)
        self.identity = self._identify()
        """None for what has no identity: a pipe, a terminal, standard input."""

    def __enter__(self) -> Self:
        """Return the source itself."""
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
    def is_named_jsonl(self) -> bool:
        """Whether the name promises JSON on every line."""
        return self.name.lower().endswith((".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"))

    @property
    def stored_name(self) -> str:
        """Return the whole name as text, which its bytes need not be: good to be shown and compared."""
        return os.fsencode(self.path or self.name).decode(errors="replace")

    @property
    def is_compressed(self) -> bool:
        """Return whether the data is gzip's, by its first bytes and not by its name."""
        try:
            return self._file.peek(2)[:2] == _GZIP
        except OSError:
            # whoever reads it is told
            return False

    @property
    def size(self) -> int | None:
        """Return the bytes of the file as it is there; None if unknown."""
        return None if self.identity is None else os.fstat(self._file.fileno()).st_size

    @property
    def bytes_read(self) -> int:
        """Return how many of the bytes of `size` were read; 0 if unknown."""
        return 0 if self.identity is None else self._file.tell()

    def reader(self) -> LineReader:
        """Return a reader; for a file it begins at the start each time."""
        if self.identity is not None:
            self._file.seek(0)
        stream = gzip.GzipFile(fileobj=self._file) if self.is_compressed else self._file
        self._refuse_what_is_no_text(stream)
        # Of a pipe what it has at the moment, so that its lines go in as they come.
        return LineReader(_Stream(stream.read1 if self.identity is None else stream.read, self._called))

    @property
    def _called(self) -> str:
        return "standard input" if self.path is None else self.name

    def _refuse_what_is_no_text(self, stream: io.BufferedReader | gzip.GzipFile) -> None:
        try:
            beginning = stream.peek(6)
        except (OSError, EOFError, zlib.error):
            # damaged: whoever reads it is told where
            return
        for magic, what in _REFUSED:
            if beginning.startswith(magic):
                raise UnfitSourceError(f"{self._called} {what}")

    def _open(self, stdin: BinaryIO | None) -> io.BufferedReader:
        if self.path is None:
            stream = stdin or sys.stdin.buffer
            if isinstance(stream, io.BufferedReader):
                return stream
            return io.BufferedReader(stream)  # type: ignore[arg-type]  # any stream that can be read into a buffer
        try:
            return self.path.open("rb")
        except IsADirectoryError as error:
            raise SmqError(f"{self.name} is a folder: give the path of a file in it") from error
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
                f"{self._name}: the compressed data is damaged or truncated ({error}); its valid lines were "
                "imported"
            ) from error
        except OSError as error:
            raise SmqError(f"{self._name} cannot be read: {error.strerror or error}") from error
