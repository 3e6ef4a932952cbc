"""How every connection of a store is opened and set up."""

from __future__ import annotations

import os
import urllib.parse
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BUSY_WITH_LOCK_MS", "Opened", "Settings", "lies_beside", "open_database"]

BUSY_WITH_LOCK_MS: Final = 100
"""How long the holder of the write lock waits for a foreign writer, which does not take it, before it lets
others try."""
_PRAGMAS: Final = """
    PRAGMA synchronous = NORMAL;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
"""


class Settings(NamedTuple):
    """What is the same for all connections of a store."""

    path: str
    read_only: bool
    timeout_s: float
    """How long a call waits for others before it raises StoreBusy."""
    monotonic: Callable[[], float]


class Opened(NamedTuple):
    """A connection, and how it was to be had."""

    db: apsw.Connection
    is_immutable: bool = False
    """It takes no locks and sees no -wal: good as long as none is beside the database."""


def open_database(settings: Settings) -> Opened:
    """Open a database that exists and is a queue, and its -wal with it.

    A reader in a folder that may not be written, where no -wal lies, reads the file as it stands.
    The driver's errors come as they are.
    """
    if not settings.read_only:
        return Opened(_open(settings, apsw.SQLITE_OPEN_READWRITE, settings.path))
    try:
        return Opened(_open(settings, apsw.SQLITE_OPEN_READONLY, settings.path))
    except (apsw.ReadOnlyError, apsw.CantOpenError):
        if lies_beside(settings.path):
            raise
    uri = f"file:{urllib.parse.quote(settings.path)}?immutable=1"
    return Opened(_open(settings, apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, uri), is_immutable=True)


def lies_beside(path: str) -> bool:
    """Return whether a -wal is beside a database."""
    return os.path.exists(path + "-wal")  # noqa: PTH110 - a reader of a database that nobody writes asks each time


def _open(settings: Settings, flags: int, name: str) -> apsw.Connection:
    db = apsw.Connection(name, flags=flags, statementcachesize=200)
    try:
        _set_up(db, settings)
    except BaseException:
        # here and now: whoever keeps the error would keep the descriptors
        db.close()
        raise
    return db


def _set_up(db: apsw.Connection, settings: Settings) -> None:
    # whoever closes a database as the last one, or recovers a -wal, has it alone for a while
    db.set_busy_timeout(round(settings.timeout_s * 1000))
    # without it SQLite plans a statement again at each execution when a bound value might show whether a
    # partial index may be used (a lease's SELECT 12.7 µs instead of 1.6, measured)
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    # a statement of several is only run to its end when its rows are read
    db.execute(_PRAGMAS).fetchall()
    # opens the -wal, which only a first read does
    db.execute("PRAGMA schema_version").fetchall()
    db.set_busy_timeout(BUSY_WITH_LOCK_MS)
