"""The -workers file next to a database.

It has a record for each daemon, which tells others that it lives and what it has started.

A record is a byte that the kernel keeps locked while its daemon lives, a header that says who it is, and a
slot per handler thread. The file is made when it is missing, and says nothing that the database needs to be
correct. The supervisor reads and writes it and never maps it: somebody may cut it short at any time, which
ends a process that touches mapped memory.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Final

from smq_core.daemon.liveness import liveness_locks, workers_file_opening
from smq_core.daemon.liveness.workers_file_layout import (
    FILE_SIZE,
    HEADER_SIZE,
    MAGIC,
    RECORD_SIZE,
    RECORDS,
    SLOTS,
    pack_header,
    read_header,
    record_at,
)
from smq_core.daemon.wire.slots import SLOT_SIZE, SlotsInFile
from smq_core.errors import StoreUnavailable
from smq_core.file_identity import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smq_core.daemon.liveness.workers_file_layout import RecordHeader, SlotRange
    from smq_core.daemon.wire.slots import Slot
    from smq_core.derived_file import Access

__all__ = ["DaemonRecord", "WorkersFile"]

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LENGTH_SIZE: Final = 4


class DaemonRecord:
    """One daemon's place in the file, locked."""

    def __init__(self, file: WorkersFile, index: int) -> None:
        """Stand at a place; `WorkersFile` has locked it."""
        self._file = file
        self._at = record_at(index)
        self._header = bytes(_LENGTH_SIZE)
        self.index = index

    def write(self, header: RecordHeader) -> None:
        """Report who has the record; killed in the middle, it says nothing.

        What finds no room on the disk is tried again by `restore`.
        """
        self._header = pack_header(header)
        self.restore()

    def restore(self) -> None:
        """Write the header again where something else stands."""
        length, body = self._header[:_LENGTH_SIZE], self._header[_LENGTH_SIZE:]
        with contextlib.suppress(OSError):
            descriptor = self._file.map_fd
            if os.pread(descriptor, len(self._header), self._at) == self._header:
                return
            os.pwrite(descriptor, bytes(_LENGTH_SIZE), self._at)
            os.pwrite(descriptor, body, self._at + _LENGTH_SIZE)
            os.pwrite(descriptor, length, self._at)

    def read_slots(self, ranges: Iterable[SlotRange]) -> list[Slot]:
        """Return what stands in some of the record's slots."""
        descriptor = self._file.map_fd
        views = (SlotsInFile(descriptor, self.slots_at(one.first), one.count) for one in ranges)
        return [slot for view in views for slot in view.read()]

    def clear(self, first: int, count: int) -> None:
        """Empty some of the record's slots."""
        SlotsInFile(self._file.map_fd, self.slots_at(first), count).clear()

    def slots_at(self, first: int) -> int:
        """Return where a slot lies in the file."""
        return self._at + HEADER_SIZE + first * SLOT_SIZE

    def leave(self) -> None:
        """Empty the record and unlock it."""
        self.withdraw()
        self.clear(0, SLOTS)
        self.unlock()

    def withdraw(self) -> None:
        """Report nothing any more, so that nobody takes this daemon for a dead one."""
        self._header = bytes(_LENGTH_SIZE)
        with contextlib.suppress(OSError):
            os.pwrite(self._file.map_fd, bytes(HEADER_SIZE), self._at)

    def unlock(self) -> None:
        """Unlock it as it is."""
        self._file.unlock(self.index)


class WorkersFile:
    """The file, opened."""

    def __init__(self, path: str, access: Access | None = None) -> None:
        """Open it, or make it with the access of its database.

        Raises:
            StoreUnavailable: when that fails, or the file that is there is not such a file.
        """
        self._path = path
        # worker processes inherit the second, not the one that holds the lock: the lock has to end with the
        # supervisor
        self._lock_fd, self.map_fd = workers_file_opening.open_twice(path, access)
        self._identity = identity_of(os.fstat(self.map_fd))
        self.cuts = 0
        """How often it was found cut short."""

    @property
    def is_in_place(self) -> bool:
        """Whether it is the file that others find at its path."""
        try:
            return identity_of(os.lstat(self._path)) == self._identity
        except OSError:
            return False

    def restore(self) -> None:
        """Give the file back the length and the preamble that somebody took from it."""
        try:
            if os.fstat(self.map_fd).st_size < FILE_SIZE:
                self.cuts += 1
                os.ftruncate(self.map_fd, FILE_SIZE)
            if os.pread(self.map_fd, len(MAGIC), 0) != MAGIC:
                os.pwrite(self.map_fd, MAGIC, 0)
        except OSError:
            # tried again at the next beat: nothing that the database needs stands there
            return

    def claim(self) -> DaemonRecord:
        """Lock a record that nobody has, and that holds nothing of a dead daemon's.

        Raises:
            StoreUnavailable: when all are taken, there is no room for it on the disk, or it cannot be locked.
        """
        for index in range(RECORDS):
            if self._lock(index):
                if self._header(index) is None:
                    self.allocate(index)
                    return DaemonRecord(self, index)
                self.unlock(index)
        raise StoreUnavailable(f"{self._path}: {RECORDS} daemons already use this database")

    def headers(self) -> Iterator[tuple[int, RecordHeader]]:
        """Return the records that say who they are, with their indexes."""
        for index in range(RECORDS):
            if (header := self._header(index)) is not None:
                yield index, header

    def take_over(self, index: int) -> DaemonRecord | None:
        """Lock the record of a daemon that is dead; None while it lives, or somebody else took it over.

        Raises:
            StoreUnavailable: when the system cannot lock.
        """
        return DaemonRecord(self, index) if self._lock(index) else None

    def close(self) -> None:
        """Give everything back; a record's lock ends with it."""
        os.close(self.map_fd)
        os.close(self._lock_fd)

    def unlock(self, index: int) -> None:
        """Let go of a record's lock."""
        with contextlib.suppress(OSError):
            liveness_locks.unlock(self._lock_fd, record_at(index))

    def allocate(self, index: int) -> None:
        """Allocate a record on the disk: mapped memory that finds none later ends a process.

        Raises:
            StoreUnavailable: when there is none.
        """
        allocate = getattr(os, "posix_fallocate", None)
        if allocate is None:
            return
        try:
            allocate(self.map_fd, record_at(index), RECORD_SIZE)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise StoreUnavailable(f"no disk space for {self._path}: {error.strerror}") from error

    def _header(self, index: int) -> RecordHeader | None:
        try:
            return read_header(os.pread(self.map_fd, HEADER_SIZE, record_at(index)))
        except OSError:
            return None

    def _lock(self, index: int) -> bool:
        try:
            return liveness_locks.lock(self._lock_fd, record_at(index))
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be locked: {error.strerror}") from error
