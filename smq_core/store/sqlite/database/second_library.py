"""Refuses a database file that this process has open through another SQLite library.

Two libraries in one process do not see each other's locks, and each drops the other's when it closes a
descriptor. Only Linux shows a process its descriptors; elsewhere nothing is looked for. A foreign connection
that has not read yet holds no -shm, and escapes once connections of ours are open.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from smq_core.errors import StoreUnavailable
from smq_core.file_identity import identity_at

__all__ = ["refuse"]

_DESCRIPTORS: Final = Path("/proc/self/fd")


def refuse(path: str, connections_of_ours: int) -> None:
    """Refuse a database that another library of this process holds, told by device and inode of descriptors.

    Before our first connection any of the database or -shm is another's; later, one -shm is ours. The -wal
    proves nothing: the store opens it itself, and who else has it open has the database open too.

    Raises:
        StoreUnavailable: another library holds it.
    """
    if sys.platform != "linux":
        return
    real = os.path.realpath(path)
    suffixes = ("-shm",) if connections_of_ours else ("", "-shm")
    files = {identity for suffix in suffixes if (identity := identity_at(Path(real + suffix)))}
    if not files:
        return
    allowed = 1 if connections_of_ours else 0
    if sum(identity_at(descriptor) in files for descriptor in _DESCRIPTORS.iterdir()) > allowed:
        raise StoreUnavailable(
            f"this process already has {real} open through another SQLite library (the sqlite3 module, or an "
            "application's driver): two SQLite libraries on one file in one process break its locks. Enqueue "
            "through the library that already has it open, with INSERT INTO smq_messages(topic, payload), or "
            "use another process"
        )
