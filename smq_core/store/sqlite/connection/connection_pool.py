"""A connection for each thread, opened when first used, closed for a fork, with its thread or its store.

A fork copies SQLite's records of its locks into the child, whose connections would then take none and lose
committed messages (tried). So before a fork every connection of the process is closed, running transactions
first; parent and child open new ones.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Final

import apsw

from smq_core.errors import StoreUnavailable, UsageError
from smq_core.file_identity import identity_at
from smq_core.store.sqlite.connection.connection import Connection
from smq_core.store.sqlite.database.second_library import refuse
from smq_core.store.sqlite.driver.raw_connection import translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.sqlite.driver.connection_settings import Settings

__all__ = ["Connections"]

_OPENING: Final = threading.RLock()
"""Held while a connection is opened, and across a fork."""
_OPEN: Final[weakref.WeakSet[Connection]] = weakref.WeakSet()
_HELD_FOR_FORK: Final[list[Connection]] = []
_PATIENCE_S: Final = 0.5
"""How long a fork waits for a call with all locks in hand; then it lets go for a while, should that call
need one of them."""


class _OfThread(threading.local):
    """What a thread has opened."""

    connection: Connection | None = None


class Connections:
    """The connections of one store in this process."""

    def __init__(self, settings: Settings, prepare: Callable[[], None]) -> None:
        """Keep how to open one; `prepare` runs before the first, and again when all were closed."""
        self._settings = settings
        self._prepare = prepare
        self._local = _OfThread()
        self._mine: Final[weakref.WeakSet[Connection]] = weakref.WeakSet()

    def get(self) -> Connection:
        """Return this thread's connection.

        Raises:
            StoreError: when it has to be opened and cannot be.
            UsageError: when it was closed in the middle of a transaction, or when a signal handler
                interrupted a call that writes.
        """
        connection = self._local.connection
        if connection is None:
            return self._open()
        try:
            # on the way of every call; all else is seldom
            if not connection.db.in_transaction and connection.is_open:
                return connection
        except apsw.ConnectionClosedError:
            # by a fork, a close, or another thread just now
            pass
        if connection.is_open:
            connection.require_at_rest()
        if connection.is_open:
            return connection
        if connection.is_in_transaction:
            raise UsageError(
                "the transaction was rolled back by a fork or a close inside it: leave its `with` block and "
                "repeat the whole transaction"
            )
        return self._open()

    @property
    def open_count(self) -> int:
        """Return how many of them are open, of all threads."""
        return sum(connection.is_open for connection in list(self._mine))

    def is_briefly_away(self) -> bool:
        """Return whether this thread's last connection found its files away a moment ago."""
        connection = self._local.connection
        return connection is not None and connection.place.is_briefly_away()

    def close(self) -> None:
        """Close the connections of all threads; waits for calls that run."""
        with _OPENING:
            mine = list(self._mine)
        # without the lock: a call that runs may have to open another store's connection before it ends
        for connection in mine:
            connection.close()

    def _open(self) -> Connection:
        with _OPENING:
            if not self.open_count:
                self._prepare()
            path = self._settings.path
            with translated(path):
                refuse(path, _open_on(path))
            connection = Connection(self._settings)
            self._mine.add(connection)
            _OPEN.add(connection)
            self._local.connection = connection
        return connection


def _open_on(path: str) -> int:
    """Return how many connections of this process have the file at a path open.

    Raises:
        StoreUnavailable: one has it open by a name from which it was moved away meanwhile, and may have
            another -wal.
    """
    here = identity_at(path)
    ours = [one for one in list(_OPEN) if one.is_open and here and one.place.identity == here]
    for one in ours:
        if (before := one.settings.path) != path:
            raise StoreUnavailable(
                f"{path} was moved from {before} while this process had it open: close the Queue or "
                f"Inspector on {before} first, and move its WAL file too if it is still there"
            )
    return len(ours)


def _before_fork() -> None:
    """Wait for the calls that run, and close every connection.

    What is opened meanwhile waits for the fork.
    """
    while (busy := _first_busy()) is not None:
        _after_fork()
        if busy.lock.acquire(timeout=_PATIENCE_S):
            busy.lock.release()
    for connection in _HELD_FOR_FORK:
        connection.close()


def _first_busy() -> Connection | None:
    """Hold all connections; return the first that stays busy, None when all are held."""
    _OPENING.acquire()
    for connection in list(_OPEN):
        if not connection.lock.acquire(timeout=_PATIENCE_S):
            return connection
        _HELD_FOR_FORK.append(connection)
    return None


def _after_fork() -> None:
    while _HELD_FOR_FORK:
        _HELD_FOR_FORK.pop().lock.release()
    _OPENING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
