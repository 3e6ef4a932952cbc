"""The store's own descriptor of the -wal file: what flushes it, and what the write lock is kept on.

The -wal carries none of SQLite's locks, so that it may be opened and closed beside SQLite (see
`docs/design.md`); the database file and the -shm must never be.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from typing import Final

from smq_core.errors import NotDurable, StoreUnavailable
from smq_core.store.sqlite.driver.driver_errors import unavailable
from smq_core.store.sqlite.wal.write_out import begin_to_write

__all__ = ["WalFile"]

_PIECE: Final = 1024 * 1024


class WalFile:
    """One open descriptor of a database's -wal."""

    __slots__ = ("_inode", "_link", "_name", "descriptor", "is_poisoned", "path")

    def __init__(self, database: str) -> None:
        """Open the -wal of a database that a connection has open.

        Raises:
            StoreUnavailable: when there is none.
        """
        self.path = database + "-wal"
        self.is_poisoned = False
        """A flush failed: what was written before it may be missing on disk although the system says it is
        clean, until it is written again."""
        try:
            # stored before the interpreter looks for a Ctrl-C, as it does after each call; what is not stored
            # would stay open
            (self.descriptor,) = map(os.open, (self.path,), (os.O_RDWR | os.O_CLOEXEC,))
        except OSError as error:
            raise unavailable(self.path, error, "it belongs to the open database") from error
        self._inode = os.fstat(self.descriptor).st_ino
        self._link = f"/proc/self/fd/{self.descriptor}"
        self._name = _target(self._link) if self._is_at_its_path() else None
        """The open file's name as the system tells it: another when it is moved, replaced or removed."""

    def is_current(self) -> bool:
        """Return whether the file at the path is still the one that is open.

        Where the system tells an open file's name, that is asked: a `stat` would have the next write store a
        new time in the file's inode, and the flush after it commit that too (220 µs for an enqueue instead of
        146, measured on Linux 6.18).
        """
        if self._name is not None:
            return _target(self._link) == self._name
        return self._is_at_its_path()

    def _is_at_its_path(self) -> bool:
        try:
            return os.stat(self.path).st_ino == self._inode  # noqa: PTH116 - where it is asked before each enqueue
        except OSError:
            return False

    def flush(self) -> None:
        """Make everything that was committed survive a crash of the machine.

        Raises:
            NotDurable: when the system cannot say that it did; the file is poisoned, since a second try
                would succeed without writing anything (Linux reports a failed flush once and calls the pages
                clean).
        """
        try:
            _flush(self.descriptor)
        except OSError as error:
            self.is_poisoned = True
            raise NotDurable(f"flushing {self.path} failed ({error.strerror})") from error

    def write_out(self) -> None:
        """Have the system begin to write what a flush would have to; it promises nothing."""
        begin_to_write(self.descriptor)

    def write_again(self) -> None:
        """Write what stands in the file over itself, so that the next flush has it to write, and flush it.

        The caller ensures that no other connection writes meanwhile.

        Raises:
            StoreUnavailable: when the disk does not take it; the file stays poisoned.
        """
        offset = 0
        try:
            while piece := os.pread(self.descriptor, _PIECE, offset):
                offset += os.pwrite(self.descriptor, piece, offset)
            _flush(self.descriptor)
        except OSError as error:
            raise StoreUnavailable(
                f"{self.path} could not be rewritten after a failed flush ({error.strerror}): check the disk"
            ) from error
        self.is_poisoned = False

    def close(self) -> None:
        """Close the descriptor, and with it release a write lock that is kept on it."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            try:  # noqa: SIM105 - any call before os.close lets a Ctrl-C leave the descriptor open
                os.close(descriptor)
            except OSError:
                pass

    def __del__(self) -> None:
        """Close what an interrupt or a lack of memory kept from being used."""
        with contextlib.suppress(AttributeError):
            self.close()


def _target(link: str) -> str | None:
    try:
        return os.readlink(link)  # noqa: PTH115 - on the way of every enqueue, where a Path costs as much again
    except OSError:
        return None


if sys.platform == "darwin":

    def _flush(descriptor: int) -> None:
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)

else:

    def _flush(descriptor: int) -> None:
        os.fdatasync(descriptor)
