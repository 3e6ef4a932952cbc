"""What one connection owes the disk: a first commit that is a full one, a flush for who asked, a checkpoint.

SQLite's own commits are never flushed here but for that first one; see `docs/design.md`.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

import apsw

from smq_core.errors import NotDurable, StoreBusy, StoreError, StoreUnavailable
from smq_core.store.sqlite.driver.driver_errors import translate
from smq_core.store.sqlite.wal.checkpoints import Checkpoints
from smq_core.store.sqlite.wal.wal_file import WalFile
from smq_core.store.sqlite.wal.write_lock import WriteLock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.store.sqlite.driver.connection_settings import Settings

__all__ = ["Durability"]

_log: Final = logging.getLogger(__name__)
_PATIENCE_S: Final = 1.0
"""How long the -wal's writing again, after a failed flush, waits for other writers."""


class Durability:
    """The -wal of one open connection, and what became of its commits there."""

    __slots__ = ("_db", "_monotonic", "_owes_full_commit", "_path", "checkpoints", "wal", "write_lock")

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
        self.write_lock = WriteLock(self.wal)
        db.set_wal_hook(self.checkpoints.note)

    def prepare(self) -> bool:
        """Make the next commit a full one where it has to be; return whether it is.

        SQLite then syncs the -wal's entry in its folder, which our flush cannot.

        Raises:
            StoreUnavailable: when an earlier flush failed, and the disk still does.
            StoreBusy: when others hold the database, and it cannot be repaired.
        """
        if self.wal.is_poisoned:
            try:
                self._write_again()
            except StoreUnavailable as error:
                raise StoreUnavailable(
                    f"an earlier flush of {self.wal.path} failed and the disk is still failing: nothing was "
                    "written; check the disk"
                ) from error
        if self._owes_full_commit:
            self.checkpoints.pages = 0
            self._db.execute("PRAGMA synchronous = FULL")
        return self._owes_full_commit

    def finish(self, *, is_durable: bool, is_full: bool) -> None:
        """Flush what was committed, for who asked for it, and see to the -wal: copy it back when it is time.

        Raises:
            NotDurable: when the flush failed.
        """
        if is_full:
            self._db.execute("PRAGMA synchronous = NORMAL")
            # a commit of nothing syncs nothing
            self._owes_full_commit = not self.checkpoints.pages
        if is_durable:
            try:
                self.wal.flush()
            except NotDurable:
                # at once: a checkpoint of frames that are not on the disk, cut off by a crash of the machine,
                # would leave neither them nor the pages that it wrote over. The caller is told all the same:
                # the system may have dropped a page before it was read again
                self._try_to_write_again()
                raise
        if self.checkpoints.is_due if is_durable else self.checkpoints.is_overdue:
            try:
                self.checkpoint()
            except StoreError as error:
                # what was committed stays committed, whatever becomes of the copy
                _log.warning("the WAL file could not be checkpointed, and keeps growing: %s", error)
        elif not is_durable:
            self.checkpoints.write_out(self.wal)

    def checkpoint(self) -> None:
        """Copy the -wal back into the database, without blocking others; restart it when it is long.

        Raises:
            StoreError: when it fails, or an earlier flush did and the -wal cannot be written again.
        """
        with self._copying():
            self.checkpoints.run(self._db, self.write_lock, self._monotonic)

    def truncate(self) -> None:
        """Copy the -wal back and cut it off; leave it where somebody uses it.

        Raises:
            StoreError: as `checkpoint` does.
        """
        with self._copying(), contextlib.suppress(apsw.BusyError, apsw.LockedError):
            log, copied = self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if log == copied:
                self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def close(self) -> None:
        """Release the write lock, and close the descriptor."""
        self.write_lock.release()
        self.wal.close()

    @contextlib.contextmanager
    def _copying(self) -> Iterator[None]:
        """Let nothing be copied back that is not on the disk, and tell a failure as ours.

        It may be SQLite's own flush of the -wal that fails, which the system tells once: the next copy, if
        only that of a close, would be one of frames that were never written.
        """
        self.checkpoints.put_off()
        if self.wal.is_poisoned:
            self._write_again()
        try:
            yield
        except apsw.Error as error:
            if isinstance(error, apsw.IOError):
                self.wal.is_poisoned = True
                self._try_to_write_again()
            raise translate(error, self._path) from error

    def _try_to_write_again(self) -> None:
        with contextlib.suppress(StoreBusy, StoreUnavailable):
            self._write_again()

    def _write_again(self) -> None:
        """Rewrite the -wal after a failed flush, while no other connection writes to it.

        What is committed after frames that are not on the disk would be lost with them.
        """
        if not self.write_lock.await_until(self._monotonic() + _PATIENCE_S, self._monotonic):
            raise StoreBusy(
                f"other processes held the database {self._path} while {self.wal.path} had to be rewritten "
                "after a failed flush: try again"
            )
        try:
            # nor may the last one who closes copy it back
            self._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            self._db.execute("BEGIN IMMEDIATE")
            self.wal.write_again()
            self._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        except apsw.Error as error:
            raise translate(error, self._path) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self.write_lock.release()
