"""Recognises that descriptors are used up, which the driver reports as a file that cannot be opened."""

from __future__ import annotations

import errno
import os
from typing import Final

__all__ = ["shortage", "shortage_told_by"]

_NEEDED: Final = 4
"""What one connection has open: the database, its -wal twice, and its -shm."""
_OF_THIS_PROCESS: Final = (
    "too many open files: this process has used up its descriptors; close some, or raise its limit "
    "(`ulimit -n`), and try again"
)
_OF_THIS_MACHINE: Final = "too many open files: this machine has used up its descriptors; try again later"
_TOLD: Final = {errno.EMFILE: _OF_THIS_PROCESS, errno.ENFILE: _OF_THIS_MACHINE}


def shortage_told_by(error: OSError) -> str | None:
    """Return the sentence about used-up descriptors, if that is what the system complains of."""
    return None if error.errno is None else _TOLD.get(error.errno)


def shortage() -> str | None:
    """Return the sentence about used-up descriptors; None when there are enough for one more connection."""
    held: list[int] = []
    try:
        for _ in range(_NEEDED):
            held.append(os.open(os.sep, os.O_RDONLY | os.O_CLOEXEC))  # noqa: PERF401 - what is open is closed
    except OSError as error:
        return shortage_told_by(error)
    finally:
        for descriptor in held:
            os.close(descriptor)
    return None
