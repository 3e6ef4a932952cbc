"""How the parts of the SQLite store reach their database: its connections, and reads and writes through them.

It knows nothing of messages, and runs the statements that it is given.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from smq_core.clock import SystemClock
from smq_core.errors import StoreError, UsageError
from smq_core.store.failed_message import log_dead
from smq_core.store.sqlite.connection.connection_pool import Connections
from smq_core.store.sqlite.connection.own_transaction import OWN
from smq_core.store.sqlite.connection.reading_connection import ClosedMeanwhileError
from smq_core.store.sqlite.connection.transaction_scope import Joined
from smq_core.store.sqlite.database import open_database
from smq_core.store.sqlite.driver.connection_settings import Settings
from smq_core.store.sqlite.driver.driver_errors import is_of_rules, is_of_text
from smq_core.store.sqlite.foreign_rows.constraint_violations import mend
from smq_core.store.sqlite.foreign_rows.decoding import legible
from smq_core.store.sqlite.location import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import apsw

    from smq_core.clock import Clock

__all__ = ["Chore", "Session"]

T = TypeVar("T")


class Chore(Protocol):
    """What is done now and then after a write."""

    due_at: float
    """When it is to be done next, by the clock's monotonic time."""

    def step(self) -> None:
        """Do a small part of it; no failure of it concerns the write before."""
        ...


class Session:
    """A database as one store reaches it: where it lies, a connection for each thread, and the clock."""

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        durability: str = "full",
        read_only: bool = False,
        may_create: bool = True,
        timeout_s: float = 10.0,
        clock: Clock | None = None,
    ) -> None:
        """Keep how to reach the database; nothing is opened until the first call."""
        self.location: Final = resolved(os.fspath(location))
        """The database's absolute path."""
        self.clock: Final[Clock] = clock or SystemClock()
        # locks are held in real time, whatever the clock of the messages says
        self.settings: Final = Settings(self.location, read_only, timeout_s, SystemClock().monotonic)
        self.connections: Final = Connections(self.settings, self._prepare)
        self._flushes = durability == "full"
        self._may_create = may_create and not read_only
        self._chore: Chore | None = None
        self._monotonic = self.clock.monotonic

    def set_chore(self, chore: Chore) -> None:
        """Have a chore done, when it is due, after a write that was committed, by the thread that wrote.

        It takes the place of an earlier one, and its own writes may lead to it, too.
        """
        self._chore = chore

    def close(self) -> None:
        """Close every connection of this process; the next call opens one again."""
        self.connections.close()

    def require_writable(self) -> None:
        """Refuse what writes where the database was opened read-only.

        Raises:
            UsageError: when it was.
        """
        if self.settings.read_only:
            raise UsageError(f"{self.location} was opened read-only: nothing can be changed through it")

    def require_no_transaction(self, what: str) -> None:
        """Refuse what waits for others inside a transaction of this thread.

        Raises:
            UsageError: inside one.
        """
        OWN.require_none(self.location, what)

    def is_briefly_away(self) -> bool:
        """Return whether the database was found away a moment ago: another may just be put in its place."""
        return self.connections.is_briefly_away()

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[None]:
        """Join every call of this thread inside the `with` into one transaction.

        An exception rolls all of it back.

        Raises:
            StoreBusy: when others held the database for longer than the timeout.
            UsageError: inside another one of this thread, or where the store is read-only.
        """
        self.require_writable()
        flushes = is_durable and self._flushes
        return Joined(lambda: self.connections.get().transaction(is_durable=flushes))

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run the caller's own SQL, inside `transaction()`, and return all rows."""
        return self.write_once(lambda db: list(db.execute(sql, parameters)))

    def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a query; text that another program stored and that is not UTF-8 comes as `Escaped`."""
        try:
            return self.read_once(work)
        except StoreError as error:
            if not is_of_text(error):
                raise
        return self.read_once(legible(work))

    def read_once(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a query that fails where it meets text that is not UTF-8."""
        while True:
            try:
                return self.connections.get().read(work)
            except ClosedMeanwhileError:
                continue

    def write(self, work: Callable[[apsw.Connection], T], *, is_durable: bool = False) -> T:
        """Run statements in one transaction, and again where they met what another program stored amiss.

        Text that is not UTF-8 then comes as `Escaped`, and rows beside the table's rules have been repaired.
        With `is_durable` it returns after a flush, unless the store's durability is "normal".
        """
        is_legible = is_mended = False
        while True:
            try:
                return self.write_once(legible(work) if is_legible else work, is_durable=is_durable)
            except StoreError as error:
                if is_of_text(error) and not is_legible:
                    is_legible = True
                elif is_of_rules(error) and not is_mended and self.mend():
                    is_mended = True
                else:
                    raise

    def write_once(self, work: Callable[[apsw.Connection], T], *, is_durable: bool = False) -> T:
        """Run statements in one transaction that fails where it meets what another program stored amiss."""
        self.require_writable()
        while True:
            try:
                connection = self.connections.get()
                result = connection.write(work, is_durable=is_durable and self._flushes)
            except ClosedMeanwhileError:
                continue
            chore = self._chore
            if chore is not None and self._monotonic() >= chore.due_at and not connection.is_in_transaction:
                chore.step()
            return result

    def run(
        self,
        sql: str,
        bindings: apsw.Bindings,
        answer: Callable[[apsw.Connection], int],
        *,
        is_durable: bool = False,
    ) -> int:
        """Run one statement in its own transaction, as `write` does, and return what `answer` reads."""
        self.require_writable()
        while True:
            try:
                answered = self.connections.get().run(
                    sql, bindings, answer, is_durable=is_durable and self._flushes
                )
            except ClosedMeanwhileError:
                continue
            except StoreError as error:
                if not (is_of_rules(error) and self.mend()):
                    raise
                answered = None
            break
        if answered is not None:
            chore = self._chore
            if chore is not None and self._monotonic() >= chore.due_at:
                chore.step()
            return answered

        def work(db: apsw.Connection) -> int:
            db.execute(sql, bindings)
            return answer(db)

        return self.write(work, is_durable=is_durable)

    def follow(
        self, look: Callable[[apsw.Connection], T | None], act: Callable[[apsw.Connection, T], bool]
    ) -> T | None:
        """Look, and act on what was seen if no other connection writes first; None: nothing was done."""
        self.require_writable()
        while True:
            try:
                found = self.connections.get().follow(look, act)
            except ClosedMeanwhileError:
                continue
            chore = self._chore
            if chore is not None and found is not None and self._monotonic() >= chore.due_at:
                chore.step()
            return found

    def mend(self) -> int:
        """Repair what another program stored against the constraints; return how many rows."""
        mended = self.write_once(lambda db: mend(db, self.clock.now_ms()))
        log_dead(mended.dead)
        return mended.rows

    def _prepare(self) -> None:
        open_database.prepare(
            self.location,
            may_create=self._may_create,
            may_write=not self.settings.read_only,
            now_ms=self.clock.now_ms(),
        )
