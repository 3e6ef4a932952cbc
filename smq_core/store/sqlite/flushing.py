"""What one connection owes the disk: a first commit that is a full one, a flush for who asked, a checkpoint.

SQLite's own commits are never flushed here but for that first one; see `docs/design.md`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import apsw

from smq_core.errors import StoreUnavailable
from smq_core.store.sqlite.checkpoints import Checkpoints
from smq_core.store.sqlite.turn import Turn
from smq_core.store.sqlite.wal import WalFile

if TYPE_CHECKING:
    from smq_core.store.sqlite.settings import Settings

__all__ = ["Flushing"]


class Flushing:
    """The -wal of one open connection, and what became of its commits there."""

    __slots__ = ("_db", "_monotonic", "_owes_full_commit", "_path", "checkpoints", "turn", "wal")

    def __init__(self, db: apsw.Connection, settings: Settings) -> None:
        """Open the -wal of a connection, which has it open.

        Raises:
            StoreUnavailable: when there is none.
        """
        self._db = db
        self._path = settings.path
        self._monotonic = settings.monotonic
        self._owes_full_commit = True
        self.checkpoints = Checkpoints()
        self.wal = WalFile(settings.path)
        self.turn = Turn(self.wal)
        db.set_wal_hook(self.checkpoints.note)

    def prepare(self) -> bool:
        """Make the next commit a full one where it has to be; say whether it is.

        SQLite then syncs the -wal's entry in its folder, which our flush cannot.

        Raises:
            StoreUnavailable: when an earlier flush failed, and the disk still does.
        """
        if self.wal.is_poisoned:
            self._renew()
        if self._owes_full_commit:
            self.checkpoints.pages = 0
            self._db.execute("PRAGMA synchronous = FULL")
        return self._owes_full_commit

    def finish(self, *, is_durable: bool, is_full: bool) -> None:
        """Flush what was committed, for who asked for it, and copy the -wal back when it is time.

        Raises:
            StoreUnavailable: when the flush failed.
        """
        if is_full:
            self._db.execute("PRAGMA synchronous = NORMAL")
            # a commit of nothing syncs nothing
            self._owes_full_commit = not self.checkpoints.pages
        if is_durable:
            self.wal.flush()
        if self.checkpoints.is_due:
            # what was committed stays committed, whatever becomes of the copy
            with contextlib.suppress(apsw.Error):
                self.checkpoint()

    def checkpoint(self) -> None:
        """Copy the -wal back into the database, without holding anybody up; begin it anew when it is long."""
        self.checkpoints.run(self._db, self.turn, self._monotonic)

    def close(self) -> None:
        """Give the turn back, and close the descriptor."""
        self.turn.give()
        self.wal.close()

    def _renew(self) -> None:
        """Begin a new chain of frames after a failed flush.

        What comes after a frame that is not on the disk would be lost with it.
        """
        try:
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error as error:
            raise StoreUnavailable(
                f"an earlier flush of {self.wal.path} failed, and the disk still does ({error})"
            ) from error
        self.wal.close()
        self.wal = WalFile(self._path)
        self.turn = Turn(self.wal)
        self._owes_full_commit = True
