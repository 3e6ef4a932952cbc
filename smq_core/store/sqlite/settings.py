"""How every connection of a store is opened and set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BUSY_IN_TURN_MS", "Settings", "open_database"]

BUSY_IN_TURN_MS: Final = 100
"""How long the holder of a turn waits for a foreign writer, which takes no turns, before it lets others
try."""
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


def open_database(settings: Settings) -> apsw.Connection:
    """Open a database that exists and is a queue, and its -wal with it.

    The driver's errors come as they are.
    """
    flags = apsw.SQLITE_OPEN_READONLY if settings.read_only else apsw.SQLITE_OPEN_READWRITE
    db = apsw.Connection(settings.path, flags=flags, statementcachesize=200)
    # whoever closes a database as the last one, or recovers a -wal, has it alone for a while
    db.set_busy_timeout(round(settings.timeout_s * 1000))
    # without it SQLite plans a statement anew at each execution when a bound value might tell whether a
    # partial index may be used (a lease's SELECT 12.7 µs instead of 1.6, measured)
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    # a statement of several is only run to its end when its rows are read
    db.execute(_PRAGMAS).fetchall()
    # opens the -wal, which only a first read does
    db.execute("PRAGMA schema_version").fetchall()
    db.set_busy_timeout(BUSY_IN_TURN_MS)
    return db
