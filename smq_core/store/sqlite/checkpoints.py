"""When a connection copies the -wal back into the database: outside the turn, by whoever waits anyway."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.sqlite.turn import Turn

__all__ = ["CHECKPOINT_PAGES", "RESTART_PAGES", "Checkpoints"]

CHECKPOINT_PAGES: Final = 4_000
"""Frames (2 KiB each) in the -wal from which a caller who flushes anyway copies them back; consumers wait
for three times that.  Every 1,000 frames inside a commit, two consumers had a p99 of 16 ms on a disk with
5 ms flushes; every 20,000 outside, 1.0 ms (measured). But a -wal of 80,000 frames made a lease 1.7 times
slower, since each page is looked for in all of it."""
RESTART_PAGES: Final = 16_000
"""Frames from which writers are held up for a moment so that the -wal can begin anew (32 MB)."""
_PATIENCE_S: Final = 1.0
"""How long such a restart waits for the turn."""


class Checkpoints:
    """How long the -wal is, and from when on it is copied back.

    No part of the connection, which would otherwise be kept alive by its own hook.
    """

    __slots__ = ("_next", "pages")

    def __init__(self) -> None:
        """Begin with nothing in the -wal."""
        self._next = CHECKPOINT_PAGES
        self.pages = 0
        """Frames in the -wal after the last commit of this connection; 0 when it has written none."""

    def note(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        """Take the number of frames that SQLite tells after a commit."""
        self.pages = pages
        return apsw.SQLITE_OK

    def is_due(self, *, is_durable: bool) -> bool:
        """Say whether the caller, who waits for a flush or does not, should copy the -wal back."""
        return self.pages >= (self._next if is_durable else 3 * self._next)

    def run(self, db: apsw.Connection, turn: Turn, monotonic: Callable[[], float]) -> None:
        """Copy the -wal back, without holding anybody up; begin it anew when it has grown long."""
        with contextlib.suppress(apsw.BusyError):
            log, copied = db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._next = max(CHECKPOINT_PAGES, log - copied + CHECKPOINT_PAGES // 4)
            if (
                log >= RESTART_PAGES
                and copied < log
                and turn.await_until(monotonic() + _PATIENCE_S, monotonic)
            ):
                try:
                    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
                finally:
                    turn.give()
