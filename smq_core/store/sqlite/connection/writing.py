"""How a connection's write begins, commits, and is abandoned: the write lock first, then SQLite's own lock.

It knows neither what is written nor who flushes it.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

import apsw

from smq_core.errors import OutcomeUnknown, StoreBusy
from smq_core.store.sqlite.connection.own_transaction import OWN
from smq_core.store.sqlite.driver.driver_errors import is_stale

if TYPE_CHECKING:
    from smq_core.store.sqlite.driver.connection_settings import Settings
    from smq_core.store.sqlite.wal.write_lock import WriteLock

__all__ = ["StaleReadError", "Writing", "may_be_of_a_commit"]

_log: Final = logging.getLogger(__name__)
_LONG_WAIT_S: Final = 1.0
"""A wait for others from which on it is logged."""
_OF_A_COMMIT: Final = frozenset(
    {apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC}
)
"""What fails while frames are written, where the statement and its commit are one."""


class StaleReadError(Exception):
    """A read that never ended keeps the connection at an older state of the database, and from writing.

    Waiting does not help there; another connection does.
    """


class Writing:
    """The writes of one open connection."""

    __slots__ = ("_db", "_settings", "_waited_s", "_write_lock")

    def __init__(self, db: apsw.Connection, settings: Settings, write_lock: WriteLock) -> None:
        """Begin nothing yet."""
        self._db = db
        self._settings = settings
        self._write_lock = write_lock
        self._waited_s = 0.0
        """How long the last write waited for others before it began."""

    def begin(self) -> None:
        """Take the write lock and SQLite's own; wait for them until the timeout is over.

        Raises:
            StoreBusy: others held them for longer.
            UsageError: this thread itself holds them, by another connection.
            StaleReadError: this connection cannot write any more.
        """
        if not (self._write_lock.take() and self._begin_locked()):
            self._begin_late()

    def commit(self) -> None:
        """Commit; the write lock is released apart.

        Raises:
            OutcomeUnknown: it failed in a way that leaves open whether it was written.
        """
        try:
            self._db.execute("COMMIT")
        except apsw.IOError as error:
            raise self.unknown(error) from error

    def abandon(self) -> None:
        """Leave neither a transaction nor the write lock behind; harmless where there is none."""
        with contextlib.suppress(apsw.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        self._write_lock.release()

    def unknown(self, error: apsw.IOError) -> OutcomeUnknown:
        """Return the error for a commit that failed while it was written.

        What is seen now is without it; but the frames may stand whole in the -wal, from where a crash before
        the next commit would bring them back.
        """
        return OutcomeUnknown(f"committing to {self._settings.path} failed ({error})")

    def log_wait(self) -> None:
        """Log a long wait for others; called once they are not held up by it."""
        if not self._waited_s:
            return
        waited_s, self._waited_s = self._waited_s, 0.0
        if waited_s >= _LONG_WAIT_S:
            _log.info(
                "a write waited %.1f s until other processes released %s", waited_s, self._settings.path
            )

    def _begin_locked(self) -> bool:
        """Begin, or release the write lock; return whether the transaction has begun."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except apsw.BusyError as error:
            self._write_lock.release()
            if is_stale(error):
                raise StaleReadError from error
            return False
        return True

    def _begin_late(self) -> None:
        """Begin when others are before us, until the timeout is over."""
        OWN.require_none(self._settings.path, "a write through another Queue or Inspector")
        began = self._settings.monotonic()
        deadline = began + self._settings.timeout_s
        while self._write_lock.await_until(deadline, self._settings.monotonic):
            if self._begin_locked():
                self._waited_s = self._settings.monotonic() - began
                return
        raise StoreBusy(
            f"other processes held the database {self._settings.path} for {self._settings.timeout_s:g} s: "
            "nothing was written; try again"
        )


def may_be_of_a_commit(error: apsw.IOError) -> bool:
    """Check whether the statement that failed may have been written, being its own transaction."""
    result: int = error.extendedresult  # type: ignore[attr-defined]  # the driver's stubs leave it out
    return result in _OF_A_COMMIT
