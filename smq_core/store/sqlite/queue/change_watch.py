"""Waits for commits of others: woken by writes to the -wal, confirmed by `PRAGMA data_version`.

Such a look costs 3 µs and reads no table.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.connection.connection import Connection
from smq_core.store.sqlite.connection.own_transaction import OWN
from smq_core.store.sqlite.connection.reading_connection import ClosedMeanwhileError
from smq_core.wakeup import open_watch, pause

if TYPE_CHECKING:
    from collections.abc import Callable

    import apsw

    from smq_core.store.sqlite.session import Session

__all__ = ["IDLE_SLEEPS_S", "LOOK_SLEEPS_S", "NET_S", "ChangeWatch", "PeekedConnection", "SqliteWaiter"]

LOOK_SLEEPS_S: Final = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)
"""A write is seen before its commit is (the -wal is written first, and flushed between by a full commit):
when to look again."""
NET_S: Final = 1.0
"""The longest sleep without a look, should a commit ever come without a notice."""
IDLE_SLEEPS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""How looks become rarer where the platform gives no notices."""


class ChangeWatch:
    """Notices commits of others."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def data_version(self) -> int:
        """Return a number that changes when another connection committed."""
        return self._session.read(_version)

    def waiter(self, *, is_shared: bool = False) -> SqliteWaiter:
        """Return a waiter that starts from now: a new one, to be closed, or this thread's.

        Closing an inotify descriptor can take milliseconds, so that a thread that waits again and again keeps
        one.
        """
        return SqliteWaiter(
            self._glance,
            self._leave_if_replaced,
            is_shared=is_shared,
            monotonic=self._session.settings.monotonic,
        )

    def _leave_if_replaced(self) -> None:
        """Let callers that wait on files that were moved away wait on those that are there now."""
        self._session.connections.get().leave_if_replaced()

    def _glance(self) -> PeekedConnection:
        while True:
            connection = self._session.connections.get()
            try:
                return connection, connection.version()
            except ClosedMeanwhileError:
                continue


def _version(db: apsw.Connection) -> int:
    version: int = db.execute("PRAGMA data_version").get
    return version


PeekedConnection = tuple[Connection, int]
"""A connection, and the number that it has for what is committed: it means nothing beside that of another
connection."""


class SqliteWaiter:
    """Notices that another connection committed; for one thread."""

    def __init__(
        self,
        glance: Callable[[], PeekedConnection],
        leave_if_replaced: Callable[[], None],
        *,
        is_shared: bool,
        monotonic: Callable[[], float],
    ) -> None:
        """Start from now."""
        self._glance = glance
        self._leave_if_replaced = leave_if_replaced
        self._is_shared = is_shared
        self._monotonic = monotonic
        leave_if_replaced()
        self._seen = glance()
        connection = self._seen[0]
        self._watch = connection.watch() if is_shared else open_watch(_wal_of(connection))

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when another connection may have written.

        -1 where the platform has none.
        """
        return -1 if self._watch is None else self._watch.fileno()

    def drain(self) -> bool:
        """Take the pending notices; return whether anything was committed since the last call."""
        if self._watch is not None:
            self._watch.drain()
        seen, self._seen = self._seen, self._glance()
        if self._seen[0] is not seen[0]:
            self._watch_again()
        return self._seen != seen

    def wait(self, timeout_s: float) -> bool:
        """Sleep until something was committed or the time is over; return which.

        Raises:
            UsageError: inside a transaction of this thread, while which nobody else can commit.
        """
        OWN.require_none(self._seen[0].settings.path, "a wait")
        deadline = self._monotonic() + timeout_s
        sleeps = iter(IDLE_SLEEPS_S)
        while not self.drain():
            remaining = deadline - self._monotonic()
            if remaining <= 0:
                return False
            if self._watch is None:
                pause(min(remaining, next(sleeps, IDLE_SLEEPS_S[-1])))
                self._leave_if_replaced()
            elif not self._has_notice(min(remaining, NET_S)):
                self._leave_if_replaced()
            elif self._settle(deadline):
                return True
        return True

    def close(self) -> None:
        """Give the descriptor back."""
        if self._watch is not None:
            self._watch.close()

    def _watch_again(self) -> None:
        """Watch the -wal of the connection opened after a fork or a close, which deletes the one before."""
        connection = self._seen[0]
        if self._is_shared:
            self._watch = connection.watch()
        elif self._watch is not None:
            self._watch.follow(_wal_of(connection))

    def _has_notice(self, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        # rounded up: poll counts whole milliseconds, and 0 would spin
        return bool(poll.poll(int(timeout_s * 1000) + 1))

    def _settle(self, deadline: float) -> bool:
        """Look for the commit that belongs to the write just seen."""
        for moment in LOOK_SLEEPS_S:
            if self.drain():
                return True
            if self._monotonic() >= deadline:
                return False
            pause(moment)
        return False


def _wal_of(connection: Connection) -> str:
    return connection.settings.path + "-wal"
