"""The connections that the doors of a database use for themselves: how they open, and how they write.

They are closed before the door's function returns, and are no part of the store's own.
"""

from __future__ import annotations

import os
import time
import urllib.parse
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import apsw

from smq_core.errors import NotAQueue, StoreBusy, StoreError, StoreUnavailable
from smq_core.store.sqlite.driver.driver_errors import translate, unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BUSY_MS",
    "connect",
    "exclusive",
    "go_to_wal",
    "is_writable",
    "translated",
    "why_not_writable",
]

BUSY_MS: Final = 5_000
"""How long opening waits for another process's lock."""
_PAUSE_S: Final = 0.02


def connect(path: str, parameters: str = "", *, read_only: bool = False) -> apsw.Connection:
    """Open a database that exists by a URI, whatever characters its path has."""
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
    uri = f"file:{urllib.parse.quote(path)}?{parameters}"
    connection = apsw.Connection(uri, flags=flags | apsw.SQLITE_OPEN_URI)
    connection.set_busy_timeout(BUSY_MS)
    return connection


@contextmanager
def exclusive(connection: apsw.Connection) -> Iterator[None]:
    """Hold the write lock for one transaction, flushed with its folder; killed, it leaves all as it was.

    EXTRA, not FULL: a rollback journal that came back after a crash of the machine would undo a creation
    under a -wal that holds messages already.
    """
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def go_to_wal(connection: apsw.Connection, path: str) -> str:
    """Put the database into WAL, and return the journal mode it was in.

    Raises:
        StoreBusy: another program has it open in its old mode.
        StoreUnavailable: it cannot be in WAL here.
    """
    before = str(connection.execute("PRAGMA journal_mode").get)
    # the change needs the database alone, and does not wait by itself
    for _ in range(int(BUSY_MS / 1000 / _PAUSE_S)):
        try:
            after = connection.execute("PRAGMA journal_mode = WAL").get
        except apsw.BusyError:
            time.sleep(_PAUSE_S)
            continue
        if after == "wal":
            return before
        raise StoreUnavailable(
            f"{path} cannot be switched to WAL mode (it stays in mode {after}): use another folder"
        )
    raise StoreBusy(
        f"{path} is in use by another program and cannot be switched to WAL mode: stop that program first"
    )


def is_writable(path: str) -> bool:
    """Return whether this process may write a file or folder: SQLite silently opens it for reading."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def why_not_writable(path: str) -> str | None:
    """Return why this process may not write a database; None: as far as permissions go, it may."""
    if not is_writable(path):
        return f"{path} is not writable"
    folder, name = os.path.split(path)
    if not is_writable(folder) and not os.path.exists(f"{path}-wal"):  # noqa: PTH110 - each opening asks
        return f"{folder} is not writable, but {name}-wal must be created in it"
    return None


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn errors of the driver and of the system into smq's."""
    try:
        yield
    except apsw.NotADBError as error:
        raise NotAQueue(
            f"{path} is not a SQLite database, or is encrypted; it was left unchanged. Use another file"
        ) from error
    except apsw.Error as error:
        raise translate(error, path) from error
    except OSError as error:
        raise _explained(path, error) from error


def _explained(path: str, error: OSError) -> StoreError:
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else path
    return unavailable(where, error, "check its permissions and those of its folder, or use another file")
