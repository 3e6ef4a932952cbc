"""The writers' turn: a `flock` on the -wal, taken before BEGIN IMMEDIATE and given back after the commit.

SQLite's own waiting polls with growing sleeps and starves (worst wait 0.5 to 1.7 s with 4 to 16 processes;
with turns 3 to 33 ms, measured). A flock is no POSIX lock and does not disturb SQLite's.
"""

from __future__ import annotations

import fcntl
import os
import threading
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from typing import TYPE_CHECKING

from smq_core.wakeup import pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.sqlite.wal import WalFile

__all__ = ["Turn"]

_SHORT_SLEEPS_S = (
    0.00005,
    0.0001,
    0.0001,
    0.0002,
    0.0002,
    0.0005,
    0.0005,
    0.001,
    0.001,
    0.002,
    0.002,
    0.005,
    0.005,
)
"""A turn is over in 50 to 100 µs, so that a few short looks are cheaper than a thread; what waits longer
queues in the kernel."""


class Turn:
    """The turn of one connection; used by one thread at a time."""

    __slots__ = ("_place", "_wal")

    def __init__(self, wal: WalFile) -> None:
        """Keep the turn on an open -wal."""
        self._wal = wal
        self._place: _Place | None = None

    def take(self) -> bool:
        """Take the turn if nobody has it; say whether it is ours now."""
        try:
            flock(self._wal.descriptor, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def await_until(self, deadline: float, monotonic: Callable[[], float]) -> bool:
        """Wait for the turn until a moment of the monotonic clock; say whether it is ours now."""
        remaining = deadline - monotonic()
        if remaining <= 0:
            return False
        return self.take() or self._look_again() or self._queue(remaining)

    def give(self) -> None:
        """Give the turn back.

        Harmless when it is not held, or its descriptor was closed, which gave it back.
        """
        if self._wal.descriptor >= 0:
            flock(self._wal.descriptor, LOCK_UN)
        if self._place is not None:
            self._place.leave()
            self._place = None

    def _look_again(self) -> bool:
        for moment in _SHORT_SLEEPS_S:
            pause(moment)
            if self.take():
                return True
        return False

    def _queue(self, timeout_s: float) -> bool:
        """Stand in the kernel's queue.

        The call has no timeout of its own, so a helper thread makes it on a descriptor of its own.
        """
        # kept before anything can go wrong, so that an interrupted wait is given up by the next `give`
        self._place = place = _Place(self._wal.path)
        threading.Thread(target=place.wait, name="smq-turn", daemon=True).start()
        if place.came.wait(timeout_s):
            return True
        self.give()
        return False


class _Place:
    """A place in the queue, which the caller may leave while the helper thread still stands in it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self._mutex = threading.Lock()
        self._is_left = False
        self.came = threading.Event()
        """Set when the turn is ours."""

    def wait(self) -> None:
        """Stand in the queue.

        The helper thread's whole work, the opening too: else an interrupt could leave it open.
        """
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(self._descriptor, LOCK_EX)
        with self._mutex:
            self.came.set()
            if self._is_left:
                self._release()

    def leave(self) -> None:
        """Give the place up, and the turn with it when it came; once only."""
        with self._mutex:
            if self.came.is_set() and not self._is_left:
                self._release()
            self._is_left = True

    def _release(self) -> None:
        # unlocked before it is closed: a child forked meanwhile has a copy of the descriptor, which would
        # keep the lock
        flock(self._descriptor, LOCK_UN)
        os.close(self._descriptor)
