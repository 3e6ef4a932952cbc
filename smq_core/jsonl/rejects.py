"""Writes the lines that an import cannot take, unchanged, to be repaired; and beside them, the reasons.

The files are made when the first line comes, readable by their owner only. They are synced before the
progress that counts their lines is committed, and cut back to that when a killed import goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from smq_core.derived_file import open_or_make_derived
from smq_core.errors import SmqError, StoreBusy
from smq_core.json_fields import line_fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smq_core.errors import InvalidLine

__all__ = ["CertainLengths", "Rejects", "reasons_beside"]


class CertainLengths(NamedTuple):
    """How much of the two files is certain."""

    rejects: int
    reasons: int


class Rejects:
    """The rejects file, and the reasons next to it."""

    def __init__(self, path: Path, certain: CertainLengths | None, *, is_typed: bool = False) -> None:
        """Keep where they go; `certain` is what an earlier run recorded, None that nothing may be cut.

        A path that a person typed may be a link; one that was derived, as that of the reasons is, may not.
        """
        self.path = path
        self.reasons_path = reasons_beside(path)
        self._certain = certain
        self._is_typed = is_typed
        self._files: tuple[BinaryIO, BinaryIO] | None = None
        self._is_named = False
        """The folder was synced since the files were made: without that a crash of the machine may lose them
        although their bytes are on the disk."""

    def add(self, reject: InvalidLine, pieces: Iterator[bytes]) -> None:
        """Write a line, given in pieces and without its end, and its reason.

        Raises:
            StoreBusy: when another import writes to them.
            SmqError: when a file cannot be made or written.
        """
        try:
            lines, reasons = self._open()
            for piece in pieces:
                lines.write(piece)
            lines.write(b"\n")
            reasons.write(msgspec.json.encode(line_fields(reject)) + b"\n")
        except BlockingIOError as error:
            raise StoreBusy(
                f"another import is writing to {self.path}: let it finish, or choose another file"
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error

    def sync(self) -> CertainLengths:
        """Bring what was written to the disk; return the lengths to record.

        Raises:
            SmqError: when there is no room for it.
        """
        if self._files is None:
            return self.lengths()
        try:
            for file in self._files:
                file.flush()
                os.fsync(file.fileno())
            if not self._is_named:
                _sync_folder(self.path.parent)
                self._is_named = True
        except OSError as error:
            raise self._unwritable(error) from error
        return CertainLengths(*(file.tell() for file in self._files))

    def lengths(self) -> CertainLengths:
        """Return the lengths that count: what was recorded, else the file that is there."""
        return self._certain or CertainLengths(_length(self.path), _length(self.reasons_path))

    @property
    def is_used(self) -> bool:
        """Return whether this run rejected a line."""
        return self._files is not None

    def close(self) -> None:
        """Close the files; what was not synced and finds no room is cut back by the next run anyway."""
        for file in self._files or ():
            with contextlib.suppress(OSError):
                file.close()

    def _unwritable(self, error: OSError) -> SmqError:
        return SmqError(f"rejects cannot be written to {self.path}: {error.strerror}; choose another file")

    def _open(self) -> tuple[BinaryIO, BinaryIO]:
        if self._files is None:
            certain = self.lengths()
            open_ = _open_typed if self._is_typed else open_or_make_derived
            lines = _at(open_(self.path), certain.rejects)
            try:
                self._files = (lines, _at(open_or_make_derived(self.reasons_path), certain.reasons))
            except OSError:
                lines.close()
                raise
        return self._files


def reasons_beside(path: Path) -> Path:
    """Return the file of the reasons for a rejects file."""
    return path.with_name(path.name + ".reasons.jsonl")


def _open_typed(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _at(descriptor: int, length: int) -> BinaryIO:
    file = os.fdopen(descriptor, "r+b")
    try:
        # Whoever else writes here would be cut back.
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        if length < os.fstat(file.fileno()).st_size:
            file.truncate(length)
        file.seek(0, os.SEEK_END)
    except OSError:
        file.close()
        raise
    return file


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
