"""When a connection copies the -wal back into the database: outside the write lock, by whoever waits anyway.

A copy begins with a flush of the -wal. Consumers, who flush nothing, have the disk begin with it long before,
so that it works while they do.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.sqlite.wal.wal_file import WalFile
    from smq_core.store.sqlite.wal.write_lock import WriteLock

__all__ = [
    "CHECKPOINT_PAGES",
    "CONSUMERS_PAGES",
    "GRACE_PAGES",
    "RESTART_PAGES",
    "WRITE_OUT_PAGES",
    "Checkpoints",
]

CHECKPOINT_PAGES: Final = 1_000
"""Frames in the -wal (2 KiB each in files that we create) from which a caller who flushes anyway copies them
back.

Each page is looked for in all of the -wal, where hot pages make long chains: a lease and its ack took 45 µs
with 1,000 frames, 47 with 4,000, and twice as long with 80,000 (measured). And a flush of a -wal that still
grows costs twice one that is written over.
"""
CONSUMERS_PAGES: Final = 3 * CHECKPOINT_PAGES
"""So many more are waited for by consumers, who flush nothing and leave it to producers."""
WRITE_OUT_PAGES: Final = 1_000
"""Frames after which the system is asked to begin to write them, so that a consumer's checkpoint finds them
on the disk: a lease and its ack took 38 µs instead of 46 (measured). Learnt from PostgreSQL's
`checkpoint_flush_after` and RocksDB's `bytes_per_sync`."""
GRACE_PAGES: Final = CHECKPOINT_PAGES // 4
"""Frames that the disk has for the last of them before a consumer copies them back, and between two copies
of a -wal that does not restart, since somebody reads from it."""
RESTART_PAGES: Final = 16_000
"""Frames from which writers are held up for a moment so that the -wal can restart."""
_PATIENCE_S: Final = 1.0
"""How long such a restart waits for the write lock."""


class Checkpoints:
    """How long the -wal is, and from when on it is copied back.

    No part of the connection, which would otherwise be kept alive by its own hook.
    """

    __slots__ = ("_due_at", "_given", "_look_at", "_overdue_at", "is_due", "needs_care", "pages")

    def __init__(self) -> None:
        """Begin with nothing in the -wal."""
        self.pages = 0
        """Frames in the -wal after the last commit of this connection; 0 when it has written none."""
        self.is_due = False
        """Whoever flushes anyway should copy the -wal back now."""
        self.needs_care = False
        """There is something to do for the -wal, also for who flushes nothing."""
        self._given = 0
        """How many frames the disk was told of."""
        self._wait_until(CHECKPOINT_PAGES)

    @property
    def is_overdue(self) -> bool:
        """Return whether whoever commits should copy the -wal back now."""
        return self.is_due and self.pages >= self._overdue_at

    def note(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        """Take the number of frames that SQLite tells after a commit."""
        if pages < self.pages:
            # the -wal restarted, whoever saw to it
            self._given = 0
            self._wait_until(CHECKPOINT_PAGES)
        self.pages = pages
        self.is_due = pages >= self._due_at
        self.needs_care = pages >= self._look_at
        return apsw.SQLITE_OK

    def write_out(self, wal: WalFile) -> None:
        """Have the disk begin with what came since the last time."""
        wal.write_out()
        self._given = self.pages
        self._wait_until(self._due_at)

    def put_off(self) -> None:
        """Let the next copy wait for a while, whatever becomes of this one: where it fails, each would."""
        self.is_due = False
        self._given = self.pages
        self._wait_until(max(CHECKPOINT_PAGES, self.pages + GRACE_PAGES))

    def run(self, db: apsw.Connection, write_lock: WriteLock, monotonic: Callable[[], float]) -> None:
        """Copy the -wal back, without blocking others; restart it when it has grown long."""
        with contextlib.suppress(apsw.BusyError):
            log, _copied = db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if log < RESTART_PAGES:
                return
            # also where all was copied: writers that never rest have gone on meanwhile, and none of them
            # would find the -wal copied whole and restart it
            try:
                if write_lock.await_until(monotonic() + _PATIENCE_S, monotonic):
                    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
            finally:
                write_lock.release()

    def _wait_until(self, pages: int) -> None:
        """Let the next copy wait until the -wal has this many frames."""
        self._due_at = pages
        self._overdue_at = pages + CONSUMERS_PAGES + GRACE_PAGES
        self._look_at = min(self._given + WRITE_OUT_PAGES, self._overdue_at)
