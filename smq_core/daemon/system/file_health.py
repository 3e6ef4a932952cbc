"""What the system says about a database's file and disk.

Is it still the same file, how full is the disk, how long is the -wal.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal, NamedTuple

from smq_core.file_identity import identity_at

__all__ = ["FULL_BYTES", "FULL_PART", "DatabaseFile", "DiskState", "disk_state"]

FULL_BYTES: Final = 100 * 1024 * 1024
FULL_PART: Final = 0.98


class DiskState(NamedTuple):
    """How full a disk is."""

    free_bytes: int
    used: float

    @property
    def is_filling(self) -> bool:
        """Return whether it is time to make room."""
        return self.free_bytes < FULL_BYTES or self.used > FULL_PART


def disk_state(path: str) -> DiskState | None:
    """Look at the disk that holds a file; None where that cannot be had."""
    try:
        found = os.statvfs(Path(path).parent)
    except OSError:
        return None
    total = found.f_blocks * found.f_frsize
    free = found.f_bavail * found.f_frsize
    return DiskState(free, 1 - free / total if total else 0.0)


class DatabaseFile:
    """Remembers which file the database is, without ever opening it.

    Closing a descriptor would drop SQLite's locks.
    """

    def __init__(self, path: str) -> None:
        """Remember the file that is there now."""
        self.path = path
        self._identity = identity_at(self.path)

    def state(self) -> Literal["here", "gone", "replaced"]:
        """Return whether it is still there."""
        found = identity_at(self.path)
        if found is None:
            return "gone"
        return "here" if found == self._identity else "replaced"

    def names(self) -> int:
        """Return how many names (hard links) the file has; 0 where it is gone."""
        try:
            return Path(self.path).stat().st_nlink
        except OSError:
            return 0

    def wal_bytes(self) -> int:
        """Return the length of the -wal."""
        try:
            return Path(f"{self.path}-wal").stat().st_size
        except OSError:
            return 0
