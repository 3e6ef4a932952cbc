"""When a connection copies the -wal back into the database: outside the turn, by whoever waits anyway."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.sqlite.turn import Turn

__all__ = ["CHECKPOINT_PAGES", "CONSUMERS_FACTOR", "RESTART_PAGES", "Checkpoints"]

CHECKPOINT_PAGES: Final = 1_000
"""Frames (2 KiB each) in the -wal from which a caller who flushes anyway copies them back.

Each page is looked for in all of the -wal, where hot pages make long chains: a lease and its ack took 45 µs
with 1,000 frames, 47 with 4,000, and twice as long with 80,000 (measured). And a flush of a -wal that still
grows costs twice one that is written over.
"""
CONSUMERS_FACTOR: Final = 4
"""Consumers, who wait for no flush, leave it to producers until the -wal is so many times as long."""
RESTART_PAGES: Final = 16_000
"""Frames from which writers are held up for a moment so that the -wal can begin anew (32 MB)."""
_PATIENCE_S: Final = 1.0
"""How long such a restart waits for the turn."""


class Checkpoints:
    """How long the -wal is, and from when on it is copied back.

    No part of the connection, which would otherwise be kept alive by its own hook.
    """

    __slots__ = ("_next", "is_due", "is_overdue", "pages")

    def __init__(self) -> None:
        """Begin with nothing in the -wal."""
        self._next = CHECKPOINT_PAGES
        self.is_due = False
        """Whoever flushes anyway should copy the -wal back now."""
        self.is_overdue = False
        """Whoever commits should."""
        self.pages = 0
        """Frames in the -wal after the last commit of this connection; 0 when it has written none."""

    def note(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        """Take the number of frames that SQLite tells after a commit."""
        self.pages = pages
        self.is_due = pages >= self._next
        self.is_overdue = pages >= CONSUMERS_FACTOR * self._next
        return apsw.SQLITE_OK

    def run(self, db: apsw.Connection, turn: Turn, monotonic: Callable[[], float]) -> None:
        """Copy the -wal back, without holding anybody up; begin it anew when it has grown long."""
        self.is_due = self.is_overdue = False
        with contextlib.suppress(apsw.BusyError):
            log, copied = db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._next = max(CHECKPOINT_PAGES, log - copied + CHECKPOINT_PAGES // 4)
            if log < RESTART_PAGES:
                return
            # also where all was copied: writers that never rest have gone on meanwhile, and none of them
            # would find the -wal copied whole and begin it anew
            try:
                if turn.await_until(monotonic() + _PATIENCE_S, monotonic):
                    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
            finally:
                turn.give()
