"""Notices writes to a file without polling: inotify on Linux.

Elsewhere there is none, and callers look now and then.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import select
import sys
from typing import Final

__all__ = ["FileWatch", "open_watch", "pause"]

_log: Final = logging.getLogger(__name__)
_IN_MODIFY: Final = 0x2
_IN_NONBLOCK: Final = 0o4000
_IN_CLOEXEC: Final = 0o2000000
_READ_SIZE: Final = 16 * 1024


class FileWatch:
    """A descriptor that becomes readable when the watched file is written to."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        """Own an inotify descriptor."""
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Return the descriptor, for select, poll and event loops."""
        return self._descriptor

    def follow(self, path: str) -> None:
        """Watch another file from now on, by the same descriptor."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.inotify_add_watch(self._descriptor, os.fsencode(path), _IN_MODIFY)

    def drain(self) -> bool:
        """Take all pending notices; return whether there were any."""
        try:
            return bool(os.read(self._descriptor, _READ_SIZE))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Release the descriptor; does nothing if it is already closed."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def __del__(self) -> None:
        """Close what is no longer waited on."""
        # an interrupt may have kept it from owning one
        with contextlib.suppress(AttributeError):
            self.close()


def pause(seconds: float) -> None:
    """Sleep, between two looks."""
    select.select((), (), (), seconds)


def open_watch(path: str) -> FileWatch | None:
    """Watch a file for writes.

    None where the platform cannot, or has no watch left to give (callers then look now and then).
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
    if descriptor < 0:
        _log_unwatched(path)
        return None
    if libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_MODIFY) < 0:
        _log_unwatched(path)
        os.close(descriptor)
        return None
    return FileWatch(descriptor)


def _log_unwatched(path: str) -> None:
    why = os.strerror(ctypes.get_errno())
    # by each wait, so that it is for those alone who look for a fault
    _log.debug("%s cannot be watched (%s): it is polled instead, which adds latency", path, why)
