"""Refuses a database that can be reached by two names: SQLite keeps another -wal and -shm beside each.

Programs that came by different names would not see one another's locks and commits, lose messages, and
damage the file. Symbolic links are harmless, since SQLite follows them first; so is a folder that is mounted
twice, since the companions are the same files there.
"""

from __future__ import annotations

import ctypes
import os
import re
import stat
import sys
from functools import cache
from pathlib import Path
from typing import Final

from smq_core.errors import StoreUnavailable

__all__ = ["refuse_second_name", "second_name"]

_AT_FDCWD: Final = -100
_MOUNT_ROOT: Final = 0x2000
"""STATX_ATTR_MOUNT_ROOT, which Linux tells since 5.8."""
_ATTRIBUTES_AT: Final = 8
_KNOWN_ATTRIBUTES_AT: Final = 56
_MOUNTS: Final = "/proc/self/mountinfo"
_MOUNT_POINT: Final = 4


def refuse_second_name(path: str) -> None:
    """Refuse the file at a resolved path if it has another name; what is not there has none.

    Raises:
        StoreUnavailable: it is a hard link, or mounted alone.
    """
    if trouble := second_name(path):
        raise StoreUnavailable(f"{path} {trouble}")


def second_name(path: str) -> str | None:
    """Return what is wrong with the names of the file at a resolved path, and what to do; None: nothing."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        # a folder has a name for each folder in it; it is refused for what it is
        return None
    if found.st_nlink > 1:
        return (
            f"has {found.st_nlink} names (hard links), and SQLite keeps a separate WAL file for each: "
            "messages would be lost and the file damaged. Keep the name with the WAL file, and remove the "
            f"others (`find DIRECTORY -inum {found.st_ino}` finds them)"
        )
    if _is_mounted_alone(path):
        return (
            "is mounted as a single file, without its -wal and -shm files: messages would be lost and the "
            "file damaged. Mount its folder instead "
            "(`-v ./data:/data`, not `-v ./queue.sqlite3:…`)"
        )
    return None


def _is_mounted_alone(path: str) -> bool:
    """Check whether something is mounted at the very path, by asking for it alone where Linux can tell."""
    if sys.platform != "linux":
        return False
    # as large as `struct statx`, whose size is fixed
    buffer = ctypes.create_string_buffer(256)
    statx = _statx()
    if statx is not None and statx(_AT_FDCWD, os.fsencode(path), 0, 0, buffer) == 0:
        known = ctypes.c_uint64.from_buffer(buffer, _KNOWN_ATTRIBUTES_AT).value
        if known & _MOUNT_ROOT:
            return bool(ctypes.c_uint64.from_buffer(buffer, _ATTRIBUTES_AT).value & _MOUNT_ROOT)
    return path in _mount_points()


@cache
def _statx() -> ctypes._FuncPointer | None:
    return getattr(ctypes.CDLL(None), "statx", None)


def _mount_points() -> set[str]:
    try:
        lines = Path(_MOUNTS).read_bytes().splitlines()
    except OSError:
        return set()
    return {_unescaped(line.split(b" ")[_MOUNT_POINT]) for line in lines}


def _unescaped(name: bytes) -> str:
    r"""Return a name of the list of mounts, in which space, tab, line end and backslash are like \040."""
    return os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), name))
