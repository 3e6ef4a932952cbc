"""Has the system begin to write a file to the disk, which a later flush then need not wait for.

Linux has a call for it; elsewhere the flush does all the work. It promises nothing: what failed is told by
the next flush.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["begin_to_write"]

_TO_THE_END: Final = 0
_SYNC_FILE_RANGE_WRITE: Final = 2
"""Begin to write every page that is dirty. With this flag alone it waits at most for room in the device's
queue, and takes no error away from the flush that comes later (Linux, sync_file_range(2))."""


def begin_to_write(descriptor: int) -> None:
    """Begin to write what the system holds of an open file; where it refuses, it is left to the flush."""
    if _sync_file_range is not None:
        _sync_file_range(descriptor, 0, _TO_THE_END, _SYNC_FILE_RANGE_WRITE)


def _find_call() -> Callable[[int, int, int, int], int] | None:
    """Return the system's call; None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "sync_file_range"):
        return None
    libc.sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return libc.sync_file_range


_sync_file_range: Final = _find_call()
