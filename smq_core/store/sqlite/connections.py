"""A connection for each thread, opened when first used, and closed for a fork, with its thread, or with its store.

A fork copies SQLite's records of its locks into the child, whose connections would then take none and lose committed messages
(tried). So before a fork every connection of the process is closed, running transactions first; parent and child open new ones.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.connection import Connection, Settings
from smq_core.store.sqlite.second_library import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Connections"]

_OPENING: Final = threading.RLock()
"""Held while a connection is opened, and across a fork."""
_ALL_STORES: Final[weakref.WeakSet[Connections]] = weakref.WeakSet()
_OPEN: Final[weakref.WeakSet[Connection]] = weakref.WeakSet()


class Connections:
    """The connections of one store in this process."""

    def __init__(self, settings: Settings, prepare: Callable[[], None]) -> None:
        """Keep how to open one; `prepare` runs once, before the first."""
        self._settings = settings
        self._prepare = prepare
        self._is_prepared = False
        self._local = threading.local()
        self._mine: weakref.WeakSet[Connection] = weakref.WeakSet()
        _ALL_STORES.add(self)

    def get(self) -> Connection:
        """Answer this thread's connection.

        Raises:
            StoreError: when it has to be opened and cannot be.
        """
        try:
            connection: Connection = self._local.connection
        except AttributeError:
            return self._open()
        return connection if connection.is_open else self._open()

    def close(self) -> None:
        """Close the connections of all threads; waits for calls that run."""
        with _OPENING:
            for connection in list(self._mine):
                connection.close()

    def _open(self) -> Connection:
        with _OPENING:
            # before the doors look: their closing would drop the other library's locks
            refuse(
                self._settings.path,
                sum(1 for one in _OPEN if one.is_open and one.settings.path == self._settings.path),
            )
            if not self._is_prepared:
                self._prepare()
                self._is_prepared = True
            connection = Connection(self._settings)
            self._mine.add(connection)
            _OPEN.add(connection)
            self._local.connection = connection
        return connection


_HELD_FOR_FORK: Final[list[Connection]] = []


def _before_fork() -> None:
    _OPENING.acquire()
    for connection in list(_OPEN):
        connection.lock.acquire()
        _HELD_FOR_FORK.append(connection)
        connection.close()


def _after_fork() -> None:
    while _HELD_FOR_FORK:
        _HELD_FOR_FORK.pop().lock.release()
    _OPENING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
