"""What a test may reach below the store: its session, and this thread's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    import apsw

    from smq_core.store.base import Store
    from smq_core.store.sqlite.session import Session


def session_of(store: Store) -> Session:
    """Return what a store of the SQLite backend reaches its database through."""
    assert isinstance(store, SqliteStore)
    return store.session


def database_of(store: Store) -> apsw.Connection:
    """Return this thread's connection, as the driver has it."""
    return session_of(store).connections.get().db
