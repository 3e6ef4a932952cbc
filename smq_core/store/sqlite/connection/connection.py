"""One thread's connection: its settings, its reads, and how it writes.

A write takes the write lock, begins immediately, commits without a flush, releases the lock, and only then
flushes for those who asked for it. Two short ways do the same in fewer steps as long as no other connection
writes first: `run` for a single statement, `follow` for a write on the snapshot of a query. It knows nothing
of messages.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

import apsw

from smq_core.errors import StoreError, StoreUnavailable, UsageError
from smq_core.store.sqlite.connection.file_place import FilePlace
from smq_core.store.sqlite.connection.own_transaction import OWN
from smq_core.store.sqlite.connection.reading_connection import ClosedMeanwhileError, ReadingConnection
from smq_core.store.sqlite.connection.writing import StaleReadError, Writing, may_be_of_a_commit
from smq_core.store.sqlite.driver.cursors import close_cursors_of
from smq_core.store.sqlite.driver.driver_errors import FAILURES, translate
from smq_core.store.sqlite.wal.durability import Durability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = ["Connection", "savepoint"]

T = TypeVar("T")


def savepoint(db: apsw.Connection) -> contextlib.AbstractContextManager[None]:
    """Return a part of a transaction, or one of its own for reading; an exception takes it back."""
    part: contextlib.AbstractContextManager[None] = db  # type: ignore[assignment]  # it never swallows an exception
    return part


class Connection(ReadingConnection):
    """A connection that reads and writes (but for one that is read-only)."""

    _depth = 0
    """1 inside a `transaction`."""
    _ended_by: StoreError | None = None
    """The failure after which SQLite rolled the `transaction` back by itself."""

    def _attach(self) -> None:
        if self.settings.read_only:
            super()._attach()
        else:
            self._durability = Durability(self.db, self.settings)
            self._write_lock = self._durability.write_lock
            self._writing = Writing(self.db, self.settings, self._write_lock)
            self.place = FilePlace(self.db, self.settings, self._durability.wal, is_immutable=False)

    def run(
        self,
        sql: str,
        bindings: apsw.Bindings,
        answer: Callable[[apsw.Connection], int],
        *,
        is_durable: bool = False,
    ) -> int | None:
        """Run one statement as its own transaction, and return what was asked about it.

        None: nothing was done, as others are before us, or a transaction is open; `write` does it then.

        Raises:
            StoreError: as `write` does.
        """
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            if self._depth:
                return None
            is_full = False
            if is_durable:
                is_full = self._prepare_flush()
            elif self._monotonic() >= self.place.look_at:
                self._look_around()
            try:
                if not self._write_lock.take():
                    return None
                self.db.execute(sql, bindings)
                answered = answer(self.db)
                self._write_lock.release()
            except BaseException as error:
                # here and not in a `finally`, whose first line an interrupt could hit
                self._abandon(error)
                if isinstance(error, apsw.BusyError):
                    return None
                if isinstance(error, apsw.IOError) and may_be_of_a_commit(error):
                    raise self._writing.unknown(error) from error
                self._tell(error)
                raise
            if is_durable or self._durability.checkpoints.needs_care:
                self._durability.finish(is_durable=is_durable, is_full=is_full)
            return answered

    def follow(
        self, look: Callable[[apsw.Connection], T | None], act: Callable[[apsw.Connection, T], bool]
    ) -> T | None:
        """Look, and write what the look calls for on the very snapshot that it saw; return the look.

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
            if self._monotonic() >= self.place.look_at:
                self._look_around()
            try:
                self.db.execute("BEGIN")
                found = look(self.db)
                if found is None or not self._write_lock.take():
                    self.db.execute("ROLLBACK")
                    return None
                may_stand = act(self.db, found)
                if may_stand:
                    self._writing.commit()
                else:
                    self.db.execute("ROLLBACK")
                self._write_lock.release()
            except BaseException as error:
                self._abandon(error)
                if isinstance(error, apsw.BusyError):
                    return None
                self._tell(error)
                raise
            if self._durability.checkpoints.needs_care:
                self._durability.finish(is_durable=False, is_full=False)
            return found if may_stand else None

    def write(self, work: Callable[[apsw.Connection], T], *, is_durable: bool = False) -> T:
        """Run statements in one transaction (or as a part of the one that is open), all or none of them.

        Raises:
            StoreBusy: when others held the database for longer than the timeout; nothing was written.
            UsageError: when this thread itself holds it, in a `transaction` of another connection.
            StoreUnavailable: when writing failed.
            OutcomeUnknown: when the commit failed, and it is unknown whether it was written.
            NotDurable: when it was written, and the flush after the commit failed.
            StoreError: as `translate` has it.
        """
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            if self._depth:
                return self._write_inside(work)
            is_full = self._prepare(is_durable=is_durable)
            try:
                self._writing.begin()
                result = work(self.db)
                self._writing.commit()
                self._write_lock.release()
            except BaseException as error:
                self._abandon(error)
                self._tell(error)
                raise
            if is_durable or self._durability.checkpoints.needs_care:
                self._durability.finish(is_durable=is_durable, is_full=is_full)
            self._writing.log_wait()
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
                raise UsageError("a transaction is already open on this thread: end it first")
            is_full = self._prepare(is_durable=is_durable)
            try:
                self._writing.begin()
                self._depth, self._ended_by = 1, None
                OWN.begin(self.settings.path, self)
                yield
                self._require_transaction()
                self.place.require_ours()
                self._writing.commit()
                self._depth = 0
                OWN.end(self.settings.path)
                self._write_lock.release()
            except BaseException as error:
                self._depth = 0
                OWN.end(self.settings.path)
                self._abandon(error)
                if isinstance(error, apsw.Error):
                    self._tell(error)
                raise
            if is_durable or self._durability.checkpoints.needs_care:
                self._durability.finish(is_durable=is_durable, is_full=is_full)
            self._writing.log_wait()
            self._end_stale_reads()

    @property
    def is_in_transaction(self) -> bool:
        """Return whether `transaction` is open."""
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
        # no public name of a lock shows whether this thread holds it, in a call that goes on below this one
        if self.lock._is_owned():  # type: ignore[attr-defined]  # noqa: SLF001
            raise UsageError(
                f"called by a signal handler that interrupted another call on {self.settings.path} in this "
                "thread: nothing was done; only set a flag in the signal handler, and make the call after it "
                "has returned"
            )
        self.close()

    def close(self) -> None:
        """Close the connection and its descriptor of the -wal; harmless when they are closed."""
        with self.lock:
            if not self.is_open:
                return
            super().close()
            if not self.settings.read_only:
                self._durability.close()

    def checkpoint(self) -> None:
        """Copy the -wal back into the database, without blocking others; restart it when it is long."""
        with self.lock:
            if self.is_open:
                self._durability.checkpoint()

    def truncate(self) -> None:
        """Copy the -wal back and cut it off; leave it where somebody uses it."""
        with self.lock:
            if self.is_open:
                self._durability.truncate()

    def _is_joined(self) -> bool:
        return self._depth > 0

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

    def _abandon(self, error: BaseException) -> None:
        """Leave no transaction, lock or cursor behind; the fork of a transaction's own thread closed all."""
        self._writing.abandon()
        self._end(error)
        if isinstance(error, StaleReadError):
            self.close()
            raise ClosedMeanwhileError from error

    def _require_transaction(self) -> None:
        if self.is_open and self.db.in_transaction:
            return
        if self._ended_by is not None:
            raise StoreUnavailable(
                f"the transaction was rolled back when a part of it failed: none of it was written. "
                f"{self._ended_by}"
            ) from self._ended_by
        raise UsageError(
            "the transaction was ended from inside (by COMMIT, ROLLBACK or a fork): it is not known whether "
            "any of it was stored"
        )

    def _prepare(self, *, is_durable: bool) -> bool:
        """Do what comes before a write; return whether the flush after its commit has to be a full one.

        `run`, which is the way of most writes, has the same steps in place, without a call.
        """
        if is_durable:
            return self._prepare_flush()
        if self._monotonic() >= self.place.look_at:
            self._look_around()
        return False

    def _prepare_flush(self) -> bool:
        """See that what is written will be found, and return whether its commit has to be a full one."""
        if not self._durability.wal.is_current() or self.place.has_moved():
            self._leave(self.place.look(), makes_another=True)
        return self._durability.prepare()
