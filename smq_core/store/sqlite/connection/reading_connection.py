"""One thread's connection as far as it reads: how it is opened, watched and closed, and its queries."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import threading
from typing import TYPE_CHECKING, Final, TypeVar

import apsw

from smq_core.errors import InvalidMessage, SmqError, StoreUnavailable
from smq_core.store.sqlite.connection.file_place import FilePlace, PathState
from smq_core.store.sqlite.driver.connection_settings import lies_beside, open_database
from smq_core.store.sqlite.driver.cursors import close_cursors_of
from smq_core.store.sqlite.driver.driver_errors import FAILURES, translate
from smq_core.store.sqlite.driver.id_range import USED_UP, are_used_up
from smq_core.wakeup import open_watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.sqlite.driver.connection_settings import Settings
    from smq_core.wakeup import FileWatch

__all__ = ["ClosedMeanwhileError", "ReadingConnection"]

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)
_SHOWN: Final = 40
"""Characters that a sentence shows."""


class ClosedMeanwhileError(Exception):
    """Another thread closed the connection, or forked, after it was fetched: fetch it again."""


class ReadingConnection:
    """A connection that one thread uses; others may only close it, under its lock."""

    def __init__(self, settings: Settings) -> None:
        """Open the database, which exists and is a queue.

        Raises:
            StoreError: when it cannot be opened.
        """
        self.settings = settings
        self._monotonic = settings.monotonic
        self.lock = threading.RLock()
        """Held while a call runs, so that a fork or a close can wait for it."""
        self.is_open = False
        self._watch: FileWatch | None = None
        try:
            self.db, self._is_immutable = open_database(settings)
        except FAILURES as error:
            raise translate(error, settings.path) from error
        try:
            self._attach()
        except BaseException:
            # here and now: whoever keeps the error would keep the descriptors
            self.db.close()
            raise
        self.is_open = True

    def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a query that fetches all it needs before it returns.

        Raises:
            StoreUnavailable: the database was moved away, and nothing is there.
            StoreError: as `translate` has it.
        """
        with self.lock:
            if self._is_immutable and lies_beside(self.settings.path):
                # somebody began to write
                self.close()
            if not self.is_open:
                raise ClosedMeanwhileError
            if self._monotonic() >= self.place.look_at:
                self._look_around()
            try:
                return work(self.db)
            except BaseException as error:
                self._end(error)
                if not isinstance(error, apsw.BusyError):
                    self._tell(error)
                    raise
            return self._read_late(work)

    def close(self) -> None:
        """Close the connection and its descriptor; harmless when they are closed."""
        with self.lock:
            if not self.is_open:
                return
            self.is_open = False
            self.db.close()
            # its last user closes it: another thread may be waiting on it
            self._watch = None

    def watch(self) -> FileWatch | None:
        """Return the watch on this connection's -wal, opened when first asked for.

        None where the platform has none.
        """
        if self._watch is None:
            self._watch = open_watch(self.settings.path + "-wal")
        return self._watch

    def version(self) -> int:
        """Return a number that changes when another connection committed, wherever the files are now.

        Raises:
            StoreError: as `translate` has it.
        """
        with self.lock:
            if not self.is_open:
                raise ClosedMeanwhileError
            try:
                number: int = self.db.execute("PRAGMA data_version").get
            except BaseException as error:
                self._end(error)
                self._tell(error)
                raise
            return number

    def leave_if_replaced(self) -> None:
        """Close the connection when its files were moved away and another database is there.

        The next call opens that one. Called by those who wait, who bear with a database that is away for a
        moment.

        Raises:
            StoreUnavailable: it has been away for longer.
        """
        with self.lock:
            if not self.is_open or self._is_joined():
                return
            found = self.place.look()
            if found is PathState.ANOTHER:
                self._forsake()
            elif not self.place.is_briefly_away():
                self.place.refuse(found)

    def _attach(self) -> None:
        """Open what else belongs to the connection, and keep which file it is."""
        self.place = FilePlace(self.db, self.settings, None, is_immutable=self._is_immutable)

    def _is_joined(self) -> bool:
        """Return whether a call is a part of a transaction that goes on after it."""
        return False

    def _look_around(self) -> None:
        """Leave a database that was moved away; due when `place.look_at` is over, which callers check.

        Raises:
            ClosedMeanwhileError: another is there now, which the next connection opens.
            StoreUnavailable: nothing is there.
        """
        if not self._is_joined():
            self.place.put_off()
            self._leave(self.place.look())

    def _leave(self, found: PathState, *, makes_another: bool = False) -> None:
        """Leave files that no other program would find; stay where they lie at the path."""
        if found is PathState.OURS:
            return
        if not (found is PathState.NOTHING and makes_another):
            self.place.refuse(found)
        self._forsake()
        raise ClosedMeanwhileError

    def _forsake(self) -> None:
        """Close a connection whose files were moved away or replaced.

        The -wal that is there now is another's, and stays.
        """
        keep = ctypes.c_int(1)
        self.db.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep))
        self.close()
        _log.warning(
            "%s was moved or replaced while it was open: the file that is there now is used instead",
            self.settings.path,
        )

    def _read_late(self, work: Callable[[apsw.Connection], T]) -> T:
        """Read while another process has it all locked: who recovers a -wal, or closes it as the last one."""
        deadline = self.settings.monotonic() + self.settings.timeout_s
        while self.is_open:
            try:
                return work(self.db)
            except BaseException as error:
                self._end(error)
                if not isinstance(error, apsw.BusyError) or self.settings.monotonic() >= deadline:
                    self._tell(error)
                    raise
        raise ClosedMeanwhileError

    def _end(self, error: BaseException) -> None:
        """Leave nothing of a failed call open: neither its cursors, nor what they saw of the database."""
        close_cursors_of(error)
        self._end_stale_reads()

    def _end_stale_reads(self) -> None:
        """End with the connection what somebody else keeps open on it; the next call opens another one."""
        with contextlib.suppress(apsw.Error):
            if not self.db.in_transaction and self.db.txn_state("main") != apsw.SQLITE_TXN_NONE:
                self.close()

    def _tell(self, error: BaseException) -> None:
        """Raise the driver's error as one of ours; do nothing with any other."""
        if isinstance(error, apsw.FullError) and self._has_no_ids_left():
            # SQLite has the same words for a disk and for a sequence that is at its end
            raise StoreUnavailable(USED_UP.format(path=self.settings.path)) from error
        if isinstance(error, UnicodeEncodeError):
            # a name, a text that is searched for, a value of a caller's own statement
            raise InvalidMessage(
                f"{_shortened(error)} has a lone surrogate, which cannot be stored as text"
            ) from error
        if isinstance(error, FAILURES):
            raise translate(error, self.settings.path) from error

    def _has_no_ids_left(self) -> bool:
        with contextlib.suppress(apsw.Error):
            return are_used_up(self.db)
        return False

    def __del__(self) -> None:
        """Close what a thread left open when it ended."""
        if getattr(self, "is_open", False):
            with contextlib.suppress(SmqError, apsw.Error):
                self.close()


def _shortened(error: UnicodeEncodeError) -> str:
    """Return what cannot be encoded, from the first such character on."""
    return ascii(error.object[error.start : error.start + _SHOWN])
