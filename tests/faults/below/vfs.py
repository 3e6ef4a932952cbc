"""A file system of the tests' own below SQLite, which tells an observer of each call before it is made.

Our own opening, writing and flushing of the -wal passes through the same observer. What it raises happens
instead of the call; it changes nothing else.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Observer = Callable[["Call"], None]

_BELOW = "unix"
_SYNCS_FOLDER = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL


class Call(NamedTuple):
    """A call to the system."""

    kind: str
    """open, read, write, sync, sync folder, truncate, delete, lock or size."""
    path: str
    offset: int = 0
    """Where a write begins; how long a truncation leaves the file."""
    data: bytes = b""
    is_ours: bool = False
    """Made by smq, not by SQLite."""


class ShortWriteError(Exception):
    """Raised by an observer: half of the write is made, then the disk is full."""


@contextmanager
def observed(observe: Observer) -> Iterator[None]:
    """Tell an observer of the calls below every connection that is opened inside the `with`."""
    vfs = _ObservedVFS(observe)
    try:
        with pytest.MonkeyPatch.context() as patch:
            _observe_ours(observe, patch)
            yield
    finally:
        vfs.unregister()


def _observe_ours(observe: Observer, patch: pytest.MonkeyPatch) -> None:
    system_open, pwrite, fsync, fdatasync = os.open, os.pwrite, os.fsync, os.fdatasync

    def tell_open(path: Any, *arguments: Any, **options: Any) -> int:  # noqa: ANN401 - the system's signature
        if str(path).endswith("-wal"):
            observe(Call("open", str(path), is_ours=True))
        return system_open(path, *arguments, **options)

    def tell_sync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        observe(Call("sync folder" if is_folder else "sync", _path_of(descriptor), is_ours=True))
        (fsync if is_folder else fdatasync)(descriptor)

    def tell_write(descriptor: int, data: bytes, offset: int) -> int:
        observe(Call("write", _path_of(descriptor), offset, data, is_ours=True))
        return pwrite(descriptor, data, offset)

    patch.setattr(os, "open", tell_open)
    patch.setattr(os, "pwrite", tell_write)
    patch.setattr(os, "fsync", tell_sync)
    patch.setattr(os, "fdatasync", tell_sync)


def _path_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


class _ObservedVFS(apsw.VFS):
    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        super().__init__("smq-observed", _BELOW, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - the driver's name
        return _ObservedFile(name, flags, self._observe)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 - the driver's name and signature
        self._observe(Call("delete", filename))
        super().xDelete(filename, syncdir)
        if syncdir:
            self._observe(Call("sync folder", str(Path(filename).parent)))


class _ObservedFile(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int], observe: Observer) -> None:
        self._observe = observe
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        observe(Call("open", self._path))
        self._owes_folder = bool(flags[0] & _SYNCS_FOLDER and flags[0] & apsw.SQLITE_OPEN_CREATE)
        super().__init__(_BELOW, name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - the driver's name
        self._observe(Call("read", self._path, offset))
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - the driver's name
        try:
            self._observe(Call("write", self._path, offset, data))
        except ShortWriteError:
            super().xWrite(data[: len(data) // 2], offset)
            raise apsw.exception_for(apsw.SQLITE_FULL) from None
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - the driver's name
        self._observe(Call("sync", self._path))
        super().xSync(flags)
        if self._owes_folder:
            # so does SQLite, unseen, with the first sync of a file that it may have made
            self._owes_folder = False
            self._observe(Call("sync folder", str(Path(self._path).parent)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - the driver's name
        self._observe(Call("truncate", self._path, newsize))
        super().xTruncate(newsize)

    def xLock(self, level: int) -> None:  # noqa: N802 - the driver's name
        self._observe(Call("lock", self._path))
        super().xLock(level)

    def xFileSize(self) -> int:  # noqa: N802 - the driver's name
        self._observe(Call("size", self._path))
        return super().xFileSize()
