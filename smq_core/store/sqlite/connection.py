"""One thread's connection: its settings, its reads, and how it writes.

A write takes the turn, begins immediately, commits without a flush, gives the turn back, and only then
flushes for those who asked for it. Two short ways do the same in fewer steps as long as nobody is before us:
`run` for a single statement, `follow` for a write on the snapshot of a query. It knows nothing of messages.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import apsw

from smq_core.errors import OutcomeUnknown, StoreBusy, StoreError, StoreUnavailable, UsageError
from smq_core.store.sqlite.cursors import close_cursors_of
from smq_core.store.sqlite.flushing import Flushing
from smq_core.store.sqlite.own_transaction import OWN
from smq_core.store.sqlite.reading import ClosedMeanwhileError, Reading
from smq_core.store.sqlite.translate import FAILURES, is_stale, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = ["Connection", "savepoint"]

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)
_LONG_WAIT_S: Final = 1.0
"""A wait for others from which on it is logged."""
_OF_A_COMMIT: Final = frozenset(
    {apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC}
)
"""What fails while frames are written, where the statement and its commit are one."""


def savepoint(db: apsw.Connection) -> contextlib.AbstractContextManager[None]:
    """Answer a part of a transaction, or one of its own for reading; an exception takes it back."""
    part: contextlib.AbstractContextManager[None] = db  # type: ignore[assignment]  # it never swallows an exception
    return part


def _may_be_of_a_commit(error: apsw.IOError) -> bool:
    result: int = error.extendedresult  # type: ignore[attr-defined]  # the driver's stubs leave it out
    return result in _OF_A_COMMIT


class Connection(Reading):
    """A connection that reads and writes (but for one that is read-only)."""

    _depth = 0
    """1 inside a `transaction`."""
    _waited_s = 0.0
    """How long the transaction that is open has waited for others before it began."""
    _ended_by: StoreError | None = None
    """The failure after which SQLite rolled the `transaction` back by itself."""

    def _attach(self) -> None:
        self._moved = ctypes.c_int(0)
        if not self.settings.read_only:
            self._flushing = Flushing(self.db, self.settings)
            self._turn = self._flushing.turn

    def run(
        self,
        sql: str,
        bindings: apsw.Bindings,
        answer: Callable[[apsw.Connection], int],
        *,
        is_durable: bool = False,
    ) -> int | None:
        """Run one statement as a transaction of its own, and answer what was asked about it.

        None: nothing was done, as others are before us, or a transaction is open; `write` does it then.

        Raises:
            StoreError: as `write` does.
        """
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            if self._depth:
                return None
            is_full = is_durable and self._prepare_flush()
            try:
                if not self._turn.take():
                    return None
                self.db.execute(sql, bindings)
                answered = answer(self.db)
                self._turn.give()
            except BaseException as error:
                # here and not in a `finally`, whose first line an interrupt could hit
                self._abandon(error)
                if isinstance(error, apsw.BusyError):
                    return None
                if isinstance(error, apsw.IOError) and _may_be_of_a_commit(error):
                    raise self._unknown(error) from error
                self._tell(error)
                raise
            if is_durable or self._flushing.checkpoints.needs_care:
                self._flushing.finish(is_durable=is_durable, is_full=is_full)
            return answered

    def follow(
        self, look: Callable[[apsw.Connection], T | None], act: Callable[[apsw.Connection, T], bool]
    ) -> T | None:
        """Look, and write what the look calls for on the very snapshot that it saw; answers the look.

        None: nothing was done. The look called for nothing (no lock was taken then), `act` said that it may
        not stand, others wrote since or are before us, or a transaction is open; `write` can wait for them.

        Raises:
            StoreError: as `write` does.
        """
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            if self._depth:
                return None
            try:
                self.db.execute("BEGIN")
                found = look(self.db)
                if found is None or not self._turn.take():
                    self.db.execute("ROLLBACK")
                    return None
                may_stand = act(self.db, found)
                if may_stand:
                    self._commit()
                else:
                    self.db.execute("ROLLBACK")
                self._turn.give()
            except BaseException as error:
                self._abandon(error)
                if isinstance(error, apsw.BusyError):
                    return None
                self._tell(error)
                raise
            if self._flushing.checkpoints.needs_care:
                self._flushing.finish(is_durable=False, is_full=False)
            return found if may_stand else None

    def write(self, work: Callable[[apsw.Connection], T], *, is_durable: bool = False) -> T:
        """Run statements in one transaction (or as a part of the one that is open), all or none of them.

        Raises:
            StoreBusy: when others held the database for longer than the timeout; nothing was written.
            UsageError: when this thread itself holds it, in a `transaction` of another connection.
            StoreUnavailable: when writing failed.
            OutcomeUnknown: when the commit failed in a way that leaves open whether it was written.
            NotDurable: when it was written, and the flush after the commit failed.
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
                self._commit()
                self._turn.give()
            except BaseException as error:
                self._abandon(error)
                self._tell(error)
                raise
            if is_durable or self._flushing.checkpoints.needs_care:
                self._flushing.finish(is_durable=is_durable, is_full=is_full)
            if self._waited_s:
                self._log_wait()
            return result

    @contextlib.contextmanager
    def transaction(self, *, is_durable: bool) -> Iterator[None]:
        """Join all writes inside the `with` into one transaction; an exception rolls all of it back.

        Raises:
            UsageError: inside another one of this thread, or when it was ended from inside.
            StoreError: as `write` does.
        """
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            if self._depth:
                raise UsageError("a transaction is open on this thread already: end it first")
            is_full = is_durable and self._prepare_flush()
            try:
                self._begin()
                self._depth, self._ended_by = 1, None
                OWN.begin(self.settings.path, self)
                yield
                self._require_transaction()
                self._commit()
                self._depth = 0
                OWN.end(self.settings.path)
                self._turn.give()
            except BaseException as error:
                self._depth = 0
                OWN.end(self.settings.path)
                self._abandon(error)
                if isinstance(error, apsw.Error):
                    self._tell(error)
                raise
            if is_durable or self._flushing.checkpoints.needs_care:
                self._flushing.finish(is_durable=is_durable, is_full=is_full)
            if self._waited_s:
                self._log_wait()
            self._end_stale_reads()

    @property
    def is_in_transaction(self) -> bool:
        """Say whether `transaction` is open."""
        return self._depth > 0

    def require_at_rest(self) -> None:
        """Check that no transaction of an earlier call is open; what came next would be lost with it.

        One that two interrupts left open is ended with the connection; the next call opens another.

        Raises:
            UsageError: when the call still runs: this one comes from a signal handler that interrupted it.
        """
        try:
            if self._depth or not self.db.in_transaction:
                return
        except apsw.ConnectionClosedError:
            # by another thread, just now
            return
        # no public name of a lock tells whether this thread holds it, in a call that goes on below this one
        if self.lock._is_owned():  # type: ignore[attr-defined]  # noqa: SLF001
            raise UsageError(
                f"called by a signal handler in the middle of another call of this thread on "
                f"{self.settings.path}: nothing was done; let the handler set a flag, and call afterwards"
            )
        self.close()

    def close(self) -> None:
        """Close the connection and its descriptor of the -wal; harmless when they are closed."""
        with self.lock:
            if not self.is_open:
                return
            super().close()
            if not self.settings.read_only:
                self._flushing.close()

    def checkpoint(self) -> None:
        """Copy the -wal back into the database, without holding anybody up; begin it anew when it is long."""
        with self.lock:
            if self.is_open:
                self._flushing.checkpoint()

    def truncate(self) -> None:
        """Copy the -wal back and cut it off; leave it where somebody uses it."""
        with self.lock:
            if self.is_open:
                self._flushing.truncate()

    def _write_inside(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a part of an open transaction; a caller who catches its error finds nothing half-done."""
        self._require_transaction()
        try:
            with savepoint(self.db):
                return work(self.db)
        except BaseException as error:
            close_cursors_of(error)
            if isinstance(error, FAILURES):
                self._require_whole(error)
            self._tell(error)
            raise

    def _require_whole(self, error: apsw.Error | UnicodeDecodeError | OSError) -> None:
        """Check that a failure inside has not ended the transaction; remember the one that has."""
        failure = translate(error, self.settings.path)
        if type(failure) is StoreError:
            # a COMMIT inside ends the savepoint too; so does a disk that fails, but that is told
            self._require_transaction()
        elif not self.db.in_transaction:
            self._ended_by = failure

    def _commit(self) -> None:
        try:
            self.db.execute("COMMIT")
        except apsw.IOError as error:
            raise self._unknown(error) from error

    def _unknown(self, error: apsw.IOError) -> OutcomeUnknown:
        """Return the error for a commit that failed while it was written.

        What is seen now is without it; but the frames may stand whole in the -wal, from where a crash before
        the next commit would bring them back.
        """
        return OutcomeUnknown(f"committing to {self.settings.path} failed ({error})")

    def _begin(self) -> None:
        if not (self._turn.take() and self._begin_in_turn()):
            self._begin_late()

    def _begin_late(self) -> None:
        """Begin when others are before us, until the timeout is over."""
        OWN.require_none(self.settings.path, "a write through another Queue or Inspector")
        began = self.settings.monotonic()
        deadline = began + self.settings.timeout_s
        while self._turn.await_until(deadline, self.settings.monotonic):
            if self._begin_in_turn():
                self._waited_s = self.settings.monotonic() - began
                return
        raise StoreBusy(
            f"others held the database {self.settings.path} for {self.settings.timeout_s:g} s: "
            "nothing was written, try again"
        )

    def _log_wait(self) -> None:
        """Log a long wait for others, once they are not held up by it."""
        waited_s, self._waited_s = self._waited_s, 0.0
        if waited_s >= _LONG_WAIT_S:
            _log.info("a write waited %.1f s until others let go of %s", waited_s, self.settings.path)

    def _begin_in_turn(self) -> bool:
        """Begin, or give the turn back; say whether the transaction has begun.

        Raises:
            ClosedMeanwhileError: when a read that never ended holds the connection to an older state of the
                database. It was closed for that: waiting does not help there, a new connection does.
        """
        try:
            self.db.execute("BEGIN IMMEDIATE")
        except apsw.BusyError as error:
            self._turn.give()
            if not is_stale(error):
                return False
        else:
            return True
        self.close()
        raise ClosedMeanwhileError

    def _abandon(self, error: BaseException) -> None:
        """Leave no transaction, turn or cursor behind; the fork of a transaction's own thread closed all."""
        with contextlib.suppress(apsw.Error):
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
        self._turn.give()
        self._end(error)

    def _require_transaction(self) -> None:
        if self.is_open and self.db.in_transaction:
            return
        if self._ended_by is not None:
            raise StoreUnavailable(
                f"the transaction was rolled back when a part of it failed: nothing of it was written. "
                f"{self._ended_by}"
            ) from self._ended_by
        raise UsageError(
            "the transaction was ended from inside (by COMMIT, ROLLBACK or a fork): nothing of it is certain"
        )

    def _prepare_flush(self) -> bool:
        """Say whether this commit has to be a full one."""
        if not self._flushing.wal.is_current():
            self._forsake()
            raise ClosedMeanwhileError
        if self._has_moved():
            raise StoreUnavailable(
                f"{self.settings.path} was moved, replaced or removed while it was open, its -wal was not: "
                "nothing was written. Close every program that uses it, then put a database there together "
                "with its own -wal, or without any"
            )
        return self._flushing.prepare()

    def leave_if_replaced(self) -> None:
        """Close the connection when its files were moved away and another database lies there.

        The next call opens that one. Where nothing lies, who only waits makes nothing; where the old -wal
        still lies, it would be mixed into the other database.
        """
        with self.lock:
            if self.is_open and not self._depth and self._has_moved() and Path(self.settings.path).exists():
                if not self.settings.read_only and self._flushing.wal.is_current():
                    return
                self._forsake()

    def _has_moved(self) -> bool:
        """Say whether the database at the path is not the open one; asks for the path's inode."""
        self.db.file_control("main", apsw.SQLITE_FCNTL_HAS_MOVED, ctypes.addressof(self._moved))
        return self._moved.value != 0

    def _forsake(self) -> None:
        """Close a connection whose files were moved away or replaced.

        The -wal that lies there now is another's, and stays.
        """
        keep = ctypes.c_int(1)
        self.db.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep))
        self.close()
        _log.warning(
            "%s was moved or replaced while it was open: what lies there now is used", self.settings.path
        )
