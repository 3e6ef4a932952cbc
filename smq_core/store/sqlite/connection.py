"""One thread's connection: its settings, its reads, and the one way to write.

A write takes the turn, begins immediately, commits without a flush, gives the turn back, and only then
flushes for those who asked for it. It knows nothing of messages.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from typing import TYPE_CHECKING, TypeVar

import apsw

from smq_core.errors import SmqError, StoreBusy, StoreError, StoreUnavailable
from smq_core.store.sqlite.checkpoints import Checkpoints
from smq_core.store.sqlite.settings import open_database
from smq_core.store.sqlite.translate import FAILURES, translate
from smq_core.store.sqlite.turn import Turn
from smq_core.store.sqlite.wal import WalFile
from smq_core.wakeup import open_watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.store.sqlite.settings import Settings
    from smq_core.wakeup import FileWatch

__all__ = ["ClosedMeanwhileError", "Connection", "savepoint"]

T = TypeVar("T")


def savepoint(db: apsw.Connection) -> contextlib.AbstractContextManager[None]:
    """Answer a part of a transaction, or one of its own for reading; an exception takes it back."""
    part: contextlib.AbstractContextManager[None] = db  # type: ignore[assignment]  # it never swallows an exception
    return part


class ClosedMeanwhileError(Exception):
    """Another thread closed the connection, or forked, after it was fetched: fetch it anew."""


class Connection:
    """A connection that one thread uses; others may only close it, under its lock."""

    def __init__(self, settings: Settings) -> None:
        """Open the database, which exists and is a queue.

        Raises:
            StoreError: when it cannot be opened.
        """
        self.settings = settings
        self.lock = threading.RLock()
        """Held while a call runs, so that a fork or a close can wait for it."""
        self.is_open = False
        self._depth = 0
        self._checkpoints = Checkpoints()
        self._owes_full_commit = True
        self._watch: FileWatch | None = None
        try:
            self.db = open_database(settings)
            self.db.set_wal_hook(self._checkpoints.note)
        except apsw.Error as error:
            raise translate(error, settings.path) from error
        if not settings.read_only:
            self._wal = WalFile(settings.path)
            self._turn = Turn(self._wal)
        self.is_open = True

    def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a query that fetches all it needs before it returns.

        Raises:
            StoreError: as `translate` has it.
        """
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            try:
                return work(self.db)
            except apsw.BusyError:
                return self._read_late(work)
            except FAILURES as error:
                raise translate(error, self.settings.path) from error

    def write(self, work: Callable[[apsw.Connection], T], *, is_durable: bool = False) -> T:
        """Run statements in one transaction (or as a part of the one that is open), all or none of them.

        Raises:
            StoreBusy: when others held the database for longer than the timeout; nothing was written.
            StoreUnavailable: when writing failed, or the flush after the commit did.
            StoreError: as `translate` has it.
        """
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            if self._depth:
                return self._write_inside(work)
            is_full = is_durable and self._prepare_flush()
            try:
                self._begin()
                result = work(self.db)
                self.db.execute("COMMIT")
                self._turn.give()
            except BaseException as error:
                # here and not in a `finally`, whose first line an interrupt could hit
                self._abandon()
                if isinstance(error, FAILURES):
                    raise translate(error, self.settings.path) from error
                raise
            if is_durable or self._checkpoints.is_overdue:
                self._after_commit(is_durable=is_durable, is_full=is_full)
            return result

    @contextlib.contextmanager
    def transaction(self, *, is_durable: bool) -> Iterator[None]:
        """Join all writes inside the `with` into one transaction; an exception rolls all of it back."""
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            if self._depth:
                raise StoreError("a transaction is open on this thread already: end it first")
            is_full = is_durable and self._prepare_flush()
            try:
                self._begin()
                self._depth = 1
                yield
                self._require_transaction()
                self.db.execute("COMMIT")
                self._depth = 0
                self._turn.give()
            except BaseException as error:
                self._depth = 0
                self._abandon()
                if isinstance(error, apsw.Error):
                    raise translate(error, self.settings.path) from error
                raise
            if is_durable or self._checkpoints.is_overdue:
                self._after_commit(is_durable=is_durable, is_full=is_full)

    @property
    def is_in_transaction(self) -> bool:
        """Say whether `transaction` is open."""
        return self._depth > 0

    def close(self) -> None:
        """Close the connection and its descriptor; harmless when they are closed."""
        with self.lock:
            if not self.is_open:
                return
            self.is_open = False
            self.db.close()
            # its last user closes it: another thread may be waiting on it
            self._watch = None
            if not self.settings.read_only:
                self._turn.give()
                self._wal.close()

    def watch(self) -> FileWatch | None:
        """Answer the watch on this connection's -wal, opened when first asked for.

        None where the platform has none.
        """
        if self._watch is None:
            self._watch = open_watch(self.settings.path + "-wal")
        return self._watch

    def checkpoint(self) -> None:
        """Copy the -wal back into the database, without holding anybody up; begin it anew when it is long."""
        with self.lock:
            self._checkpoints.run(self.db, self._turn, self.settings.monotonic)

    def _write_inside(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a part of an open transaction; a caller who catches its error finds nothing half-done."""
        self._require_transaction()
        try:
            with savepoint(self.db):
                return work(self.db)
        except FAILURES as error:
            # a COMMIT inside ends the savepoint too
            self._require_transaction()
            raise translate(error, self.settings.path) from error

    def _begin(self) -> None:
        if not self._turn.take():
            self._begin_late()
            return
        try:
            self.db.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._turn.give()
            self._begin_late()

    def _begin_late(self) -> None:
        """Begin when others are before us, until the timeout is over."""
        deadline = self.settings.monotonic() + self.settings.timeout_s
        while self._turn.await_until(deadline, self.settings.monotonic):
            try:
                self.db.execute("BEGIN IMMEDIATE")
            except apsw.BusyError:
                self._turn.give()
            else:
                return
        raise StoreBusy(
            f"others held the database {self.settings.path} for {self.settings.timeout_s:g} s: "
            "nothing was written, try again"
        )

    def _read_late(self, work: Callable[[apsw.Connection], T]) -> T:
        """Read when somebody has the whole database: who recovers a -wal, or closes it as the last one."""
        deadline = self.settings.monotonic() + self.settings.timeout_s
        while True:
            try:
                return work(self.db)
            except FAILURES as error:
                if not isinstance(error, apsw.BusyError) or self.settings.monotonic() >= deadline:
                    raise translate(error, self.settings.path) from error

    def _abandon(self) -> None:
        """Leave neither a transaction nor the turn behind, whatever happened.

        The fork of a transaction's own thread closed both.
        """
        with contextlib.suppress(apsw.Error):
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
        self._turn.give()

    def _require_transaction(self) -> None:
        if not self.is_open or not self.db.in_transaction:
            raise StoreError(
                "the transaction was ended from inside (COMMIT, ROLLBACK, a fork, or an error): "
                "nothing of it is certain"
            )

    def _prepare_flush(self) -> bool:
        """Say whether this commit has to be a full one.

        SQLite then syncs the -wal's entry in its folder, which our flush cannot.
        """
        if not self._wal.is_current():
            self._forsake()
            raise ClosedMeanwhileError
        if self._wal.is_poisoned:
            self._renew_wal()
        if self._owes_full_commit:
            self._checkpoints.pages = 0
            self.db.execute("PRAGMA synchronous = FULL")
        return self._owes_full_commit

    def _after_commit(self, *, is_durable: bool, is_full: bool) -> None:
        if is_full:
            self.db.execute("PRAGMA synchronous = NORMAL")
            # a commit of nothing syncs nothing
            self._owes_full_commit = not self._checkpoints.pages
        if is_durable:
            self._wal.flush()
        if self._checkpoints.is_due:
            # what was committed stays committed, whatever becomes of the copy
            with contextlib.suppress(apsw.Error):
                self.checkpoint()

    def _forsake(self) -> None:
        """Close a connection whose files were moved away or replaced.

        The -wal that lies there now is another's, and stays.
        """
        keep = ctypes.c_int(1)
        self.db.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep))
        self.close()

    def _renew_wal(self) -> None:
        """Begin a new chain of frames after a failed flush.

        What comes after a frame that is not on the disk would be lost with it.
        """
        try:
            self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error as error:
            raise StoreUnavailable(
                f"an earlier flush of {self._wal.path} failed, and the disk still does ({error})"
            ) from error
        self._wal.close()
        self._wal = WalFile(self.settings.path)
        self._turn = Turn(self._wal)
        self._owes_full_commit = True

    def __del__(self) -> None:
        """Close what a thread left open when it ended."""
        if getattr(self, "is_open", False):
            with contextlib.suppress(SmqError, apsw.Error):
                self.close()
