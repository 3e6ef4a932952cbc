"""What all parts of the SQLite store share: this thread's connection, and how to read and write by it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

from smq_core.clock import SystemClock
from smq_core.errors import StoreError, UsageError
from smq_core.store.sqlite.connection.connection_pool import Connections
from smq_core.store.sqlite.connection.reading_connection import ClosedMeanwhileError
from smq_core.store.sqlite.connection.transaction_scope import Joined
from smq_core.store.sqlite.database import open_database
from smq_core.store.sqlite.driver.connection_settings import Settings
from smq_core.store.sqlite.driver.driver_errors import is_of_rules, is_of_text
from smq_core.store.sqlite.driver.raw_connection import resolved
from smq_core.store.sqlite.foreign_rows.constraint_violations import mend
from smq_core.store.sqlite.foreign_rows.decoding import legible
from smq_core.store.sqlite.opportunistic_prune import Passing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import apsw

    from smq_core.clock import Clock
    from smq_core.message import Pruned

__all__ = ["CHUNK", "CHUNK_BYTES", "DELETED_BYTES", "Session"]

T = TypeVar("T")

CHUNK: Final = 500
"""Rows that one of our own transactions changes at most, so that nobody waits long for it."""
CHUNK_BYTES: Final = 8 * 1024 * 1024
"""Bytes of messages that it rewrites at most, but for a single message that is larger: 40 ms (5 ms a MiB,
measured). Any change of a row's length writes the row's payload again, all of it."""
DELETED_BYTES: Final = 64 * 1024 * 1024
"""Bytes of messages that it removes at most, but for a single message that is larger: 10 to 60 ms, as the
pages are read and put on a list, not written."""


class Session:
    """The base of the store's parts."""

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        durability: str = "full",
        read_only: bool = False,
        may_create: bool = True,
        timeout_s: float = 10.0,
        clock: Clock | None = None,
        prunes_in_passing: bool = False,
    ) -> None:
        """Keep how to reach the database; nothing is opened until the first call.

        With `prunes_in_passing` a write removes now and then a little of what is past its time.
        """
        self._path = resolved(os.fspath(location))
        self._flushes = durability == "full"
        self._clock: Clock = clock or SystemClock()
        self._may_create = may_create and not read_only
        # locks are held in real time, whatever the clock of the messages says
        self._settings = Settings(self._path, read_only, timeout_s, SystemClock().monotonic)
        self._connections = Connections(self._settings, self._prepare)
        self._passing = Passing(self._clock, self._prune_in_passing) if prunes_in_passing else None

    @property
    def location(self) -> str:
        """The database's absolute path."""
        return self._path

    def close(self) -> None:
        """Close every connection of this process; the store opens again when used."""
        self._connections.close()

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[None]:
        """Join every call of this thread inside the `with` into one transaction.

        An exception rolls all of it back.

        Raises:
            StoreBusy: when others held the database for longer than the timeout.
            UsageError: inside another one of this thread, or where the store is read-only.
        """
        self._require_writable()
        flushes = is_durable and self._flushes
        return Joined(lambda: self._connections.get().transaction(is_durable=flushes))

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run the caller's own SQL, inside `transaction()`; answers all rows."""
        return self._write_once(lambda db: list(db.execute(sql, parameters)))

    def _prepare(self) -> None:
        open_database.prepare(
            self._path,
            may_create=self._may_create,
            may_write=not self._settings.read_only,
            now_ms=self._clock.now_ms(),
        )

    def _prune_in_passing(self, now_ms: int) -> Pruned:
        """Remove a little of what is past its time; the part of the store that forgets knows how."""
        raise NotImplementedError

    def _require_writable(self) -> None:
        if self._settings.read_only:
            raise UsageError(f"{self._path} was opened read-only: nothing can be changed through it")

    def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a query; text that another program stored and that is not UTF-8 comes as `Escaped`."""
        try:
            return self._read_once(work)
        except StoreError as error:
            if not is_of_text(error):
                raise
        return self._read_once(legible(work))

    def _read_once(self, work: Callable[[apsw.Connection], T]) -> T:
        while True:
            try:
                return self._connections.get().read(work)
            except ClosedMeanwhileError:
                continue

    def _write(self, work: Callable[[apsw.Connection], T], *, is_durable: bool = False) -> T:
        """Run statements in one transaction, once more where it met what another program stored amiss.

        Text that is not UTF-8 then comes as `Escaped`, and rows beside the table's rules have been mended.
        """
        is_legible = is_mended = False
        while True:
            try:
                return self._write_once(legible(work) if is_legible else work, is_durable=is_durable)
            except StoreError as error:
                if is_of_text(error) and not is_legible:
                    is_legible = True
                elif is_of_rules(error) and not is_mended and self._mend():
                    is_mended = True
                else:
                    raise

    def _mend(self) -> int:
        """Mend what another program stored beside the table's rules; return how many rows."""
        return self._write_once(lambda db: mend(db, self._clock.now_ms()))

    def _write_once(self, work: Callable[[apsw.Connection], T], *, is_durable: bool = False) -> T:
        self._require_writable()
        while True:
            try:
                connection = self._connections.get()
                result = connection.write(work, is_durable=is_durable)
            except ClosedMeanwhileError:
                continue
            if self._passing is not None and not connection.is_in_transaction:
                self._passing.step()
            return result

    def _run(
        self,
        sql: str,
        bindings: apsw.Bindings,
        answer: Callable[[apsw.Connection], int],
        *,
        is_durable: bool = False,
    ) -> int:
        """Run one statement in a transaction of its own, and return what was asked about it."""
        self._require_writable()
        while True:
            try:
                answered = self._connections.get().run(sql, bindings, answer, is_durable=is_durable)
            except ClosedMeanwhileError:
                continue
            except StoreError as error:
                if not (is_of_rules(error) and self._mend()):
                    raise
                answered = None
            break
        if answered is not None:
            if self._passing is not None:
                self._passing.step()
            return answered

        def work(db: apsw.Connection) -> int:
            db.execute(sql, bindings)
            return answer(db)

        return self._write(work, is_durable=is_durable)

    def _follow(
        self, look: Callable[[apsw.Connection], T | None], act: Callable[[apsw.Connection, T], bool]
    ) -> T | None:
        """Look, and act on what was seen if nobody is before us; None: nothing was done."""
        self._require_writable()
        while True:
            try:
                found = self._connections.get().follow(look, act)
            except ClosedMeanwhileError:
                continue
            if found is not None and self._passing is not None:
                self._passing.step()
            return found

    def _write_durably(self, work: Callable[[apsw.Connection], T]) -> T:
        return self._write(work, is_durable=self._flushes)
