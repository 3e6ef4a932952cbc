"""The lock on a record's first byte, which the kernel lets go of when its daemon's last descriptor closes.

On Linux it belongs to the open file; elsewhere to the process.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from typing import Final

__all__ = ["CAN_ASK", "is_locked", "lock", "unlock"]

_FLOCK: Final = struct.Struct("hhqqi4x")
_SETLK: Final[int | None] = getattr(fcntl, "F_OFD_SETLK", None) if sys.platform == "linux" else None
_GETLK: Final[int | None] = getattr(fcntl, "F_OFD_GETLK", None) if sys.platform == "linux" else None
CAN_ASK: Final = _GETLK is not None
"""Whether the system tells of a lock without one having to take it."""


def lock(descriptor: int, offset: int) -> bool:
    """Lock a byte; return whether nobody else had it.

    Raises:
        OSError: when the system cannot lock.
    """
    try:
        _set(descriptor, offset, fcntl.F_WRLCK)
    except (BlockingIOError, PermissionError):
        return False
    return True


def unlock(descriptor: int, offset: int) -> None:
    """Let go of a byte."""
    _set(descriptor, offset, fcntl.F_UNLCK)


def is_locked(descriptor: int, offset: int, length: int = 1) -> bool:
    """Return whether another open file has a lock on any of some bytes; ask only where `CAN_ASK`.

    Raises:
        OSError: when the system does not reveal it.
    """
    request = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, offset, length, 0)
    answer = fcntl.fcntl(descriptor, _GETLK or 0, request)
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


def _set(descriptor: int, offset: int, kind: int) -> None:
    if _SETLK is not None:
        fcntl.fcntl(descriptor, _SETLK, _FLOCK.pack(kind, os.SEEK_SET, offset, 1, 0))
    else:
        command = fcntl.LOCK_UN if kind == fcntl.F_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB
        fcntl.lockf(descriptor, command, 1, offset)
