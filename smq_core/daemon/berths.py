"""The -workers file beside a database.

A berth for each daemon, which tells others that it lives and what it has started.

A berth is a byte that the kernel keeps locked while its daemon lives, a header that says who it is, and a
slot per handler thread. The file is made when it is missing, and says nothing that the database needs to be
correct.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import struct
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.daemon.slots import SLOT_SIZE, Slots
from smq_core.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BERTHS",
    "BERTH_SIZE",
    "HEADER_SIZE",
    "SLOTS",
    "Berth",
    "BerthHeader",
    "SlotRange",
    "WorkersFile",
    "unlocked",
]

BERTHS: Final = 64
BERTH_SIZE: Final = 64 * 1024
HEADER_SIZE: Final = 4096
SLOTS: Final = (BERTH_SIZE - HEADER_SIZE) // SLOT_SIZE
_LENGTH: Final = struct.Struct("@I")
_FLOCK: Final = struct.Struct("hhqqi4x")
_OFD_SETLK: Final[int | None] = getattr(fcntl, "F_OFD_SETLK", None) if sys.platform == "linux" else None
_OFD_GETLK: Final[int | None] = getattr(fcntl, "F_OFD_GETLK", None) if sys.platform == "linux" else None
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_encode: Final = msgspec.msgpack.Encoder().encode


class SlotRange(msgspec.Struct, frozen=True, array_like=True):
    """Which slots a worker process has."""

    pid: int
    first: int
    count: int


class BerthHeader(msgspec.Struct, frozen=True, array_like=True):
    """Who has a berth."""

    worker_id: str
    pid: int
    machine: str
    """Names the running system and its process ids: where it differs, a pid means nothing."""
    processes: list[SlotRange] = []


_decode: Final = msgspec.msgpack.Decoder(BerthHeader).decode


class Berth:
    """One daemon's place in the file, locked."""

    def __init__(self, file: WorkersFile, index: int) -> None:
        """Stand at a place; `WorkersFile` has locked it."""
        self._file = file
        self.index = index

    def write(self, header: BerthHeader) -> None:
        """Say who has the berth; killed in the middle, it says nothing."""
        body = _encode(header)
        memory, at = self._file.memory, self.index * BERTH_SIZE
        _LENGTH.pack_into(memory, at, 0)
        if len(body) <= HEADER_SIZE - _LENGTH.size:
            memory[at + _LENGTH.size : at + _LENGTH.size + len(body)] = body
            _LENGTH.pack_into(memory, at, len(body))

    def slots(self, first: int, count: int) -> Slots:
        """Look at some of the berth's slots."""
        return Slots(self._file.memory, self.slots_at(first), count)

    def slots_at(self, first: int) -> int:
        """Answer where a slot lies in the file."""
        return self.index * BERTH_SIZE + HEADER_SIZE + first * SLOT_SIZE

    def leave(self) -> None:
        """Empty the berth and unlock it."""
        at = self.index * BERTH_SIZE
        self._file.memory[at : at + HEADER_SIZE] = bytes(HEADER_SIZE)
        self.slots(0, SLOTS).clear()
        self.unlock()

    def unlock(self) -> None:
        """Unlock it as it is."""
        self._file.unlock(self.index)


class WorkersFile:
    """The file, opened and mapped."""

    def __init__(self, path: str, mode: int = 0o600) -> None:
        """Open it, or make it with an access mode: that of its database.

        Raises:
            StoreUnavailable: when that fails.
        """
        self._path = path
        try:
            self._lock_fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
            # worker processes inherit this one, not the one that holds the lock: the lock has to end with the
            # supervisor
            self.map_fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            if os.fstat(self.map_fd).st_size == 0:
                # as SQLite does with its own: who shares the database shares this, whatever the umask is
                with contextlib.suppress(PermissionError):
                    os.fchmod(self.map_fd, mode)
            if os.fstat(self.map_fd).st_size < BERTHS * BERTH_SIZE:
                os.ftruncate(self.map_fd, BERTHS * BERTH_SIZE)
            self.memory = mmap.mmap(self.map_fd, BERTHS * BERTH_SIZE)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot use {path}: {error.strerror}; the daemon needs to write beside its database"
            ) from error

    def claim(self) -> Berth:
        """Lock a berth that nobody has, and that holds nothing of a dead daemon's.

        Raises:
            StoreUnavailable: when all are taken, or there is no room for it on the disk.
        """
        for index in range(BERTHS):
            if self._lock(index):
                if self._header(index) is None:
                    self._allocate(index)
                    return Berth(self, index)
                self.unlock(index)
        raise StoreUnavailable(f"{self._path}: {BERTHS} daemons work on this database already")

    def headers(self) -> Iterator[tuple[int, BerthHeader]]:
        """Answer the berths that say who they are, with their indexes."""
        for index in range(BERTHS):
            if (header := self._header(index)) is not None:
                yield index, header

    def take_over(self, index: int) -> Berth | None:
        """Lock the berth of a daemon that is dead; None while it lives, or somebody else took it over."""
        return Berth(self, index) if self._lock(index) else None

    def close(self) -> None:
        """Give everything back; a berth's lock ends with it."""
        with contextlib.suppress(BufferError):
            self.memory.close()
        os.close(self.map_fd)
        os.close(self._lock_fd)

    def unlock(self, index: int) -> None:
        """Let go of a berth's lock."""
        self._fcntl_lock(index, fcntl.F_UNLCK)

    def _allocate(self, index: int) -> None:
        """Get the berth its room on the disk: mapped memory that finds none later ends a process."""
        allocate = getattr(os, "posix_fallocate", None)
        if allocate is None:
            return
        try:
            allocate(self.map_fd, index * BERTH_SIZE, BERTH_SIZE)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise StoreUnavailable(f"no room for {self._path}: {error.strerror}") from error

    def _header(self, index: int) -> BerthHeader | None:
        at = index * BERTH_SIZE
        return _read_header(self.memory[at : at + HEADER_SIZE])

    def _lock(self, index: int) -> bool:
        try:
            self._fcntl_lock(index, fcntl.F_WRLCK)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _fcntl_lock(self, index: int, kind: int) -> None:
        """Lock a berth's first byte, for this open file where the system can, else for this process."""
        if _OFD_SETLK is not None:
            request = _FLOCK.pack(kind, os.SEEK_SET, index * BERTH_SIZE, 1, 0)
            fcntl.fcntl(self._lock_fd, _OFD_SETLK, request)
        else:
            command = fcntl.LOCK_UN if kind == fcntl.F_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB
            fcntl.lockf(self._lock_fd, command, 1, index * BERTH_SIZE)


def unlocked(path: str) -> list[str]:
    """Answer the ids of daemons that have a berth in a file and let go of its lock: they have ended.

    Nothing is locked, written or made. None where there is no file, or the system cannot be asked.
    """
    if _OFD_GETLK is None:
        return []
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        headers = [
            (index, _read_header(os.pread(descriptor, HEADER_SIZE, index * BERTH_SIZE)))
            for index in range(BERTHS)
        ]
        return [
            header.worker_id
            for index, header in headers
            if header is not None and _is_free(descriptor, index)
        ]
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _is_free(descriptor: int, index: int) -> bool:
    request = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, index * BERTH_SIZE, 1, 0)
    answer = fcntl.fcntl(descriptor, _OFD_GETLK or 0, request)
    return bool(_FLOCK.unpack(answer)[0] == fcntl.F_UNLCK)


def _read_header(data: bytes) -> BerthHeader | None:
    if len(data) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(data)
    if not 0 < length <= HEADER_SIZE - _LENGTH.size:
        return None
    try:
        return _decode(data[_LENGTH.size : _LENGTH.size + length])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
