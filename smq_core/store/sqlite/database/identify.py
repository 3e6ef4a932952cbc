"""Identifies what lies at a path, and leaves it as it is; it does not decide what to do then."""

from __future__ import annotations

import enum
import stat
import time
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from smq_core.errors import NotAQueue, StoreBusy, StoreCorrupt, StoreError, StoreUnavailable
from smq_core.format import counted
from smq_core.store.sqlite.database.peek import FileStamps, PeekedConnection, glance, surroundings
from smq_core.store.sqlite.driver.raw_connection import translated
from smq_core.store.sqlite.queries import query

__all__ = ["APPLICATION_ID", "DatabaseKind", "Found", "has_wal", "look", "look_within"]

APPLICATION_ID: Final = 0x736D7131
"""The bytes "smq1", set in files that smq creates, so that `file` and other programs can tell."""

_ANCESTOR: Final = frozenset(
    {"id", "topic", "payload", "created_at", "available_at", "status", "locked_until"}
)
"""The only table of a file, with exactly these columns, is the ancestor's, whatever its name."""
_SMALLEST_PAGE: Final = 512
_LOOKS: Final = 100
_PAUSE_S: Final = 0.01
_OBJECTS: Final = query("doors_objects")
_COLUMNS: Final = query("doors_columns")
_VERSION: Final = query("doors_schema_version")


class DatabaseKind(enum.Enum):
    """What a path leads to."""

    MISSING = "missing"
    EMPTY = "empty"
    """No bytes, or a database without tables: its creation may have been killed."""
    QUEUE = "queue"
    ANCESTOR = "ancestor"
    FOREIGN = "foreign"
    """A database of another program."""
    UNFINISHED = "unfinished"
    """Whoever wrote it died inside a transaction, which has to be rolled back before one can tell."""


class Found(NamedTuple):
    """What lies at a path."""

    kind: DatabaseKind
    version: int = 0
    """The schema's, of a queue."""
    names: tuple[str, ...] = ()
    """Of tables, indexes, views and triggers, SQLite's own aside."""
    tables: tuple[str, ...] = ()


def look(path: str) -> Found:
    """Describe what lies at a resolved path.

    Raises:
        NotAQueue: it is not a SQLite database, or no file.
        StoreCorrupt: a database that contradicts itself.
        StoreUnavailable: it may not be read, or its -wal is there without it.
        StoreBusy: it changes without a pause, or somebody holds it.
    """
    _refuse_what_is_no_file(path)
    trouble: StoreError | None = None
    for _ in range(_LOOKS):
        stamps = surroundings(path)
        try:
            found, is_certain = _look_once(path, stamps)
        except StoreBusy:
            raise
        except StoreError as error:
            found, is_certain, trouble = Found(DatabaseKind.MISSING), False, error
        else:
            trouble = None
        # what was read without locks, and any error, may be a moment's picture of somebody else's work
        if is_certain or surroundings(path) == stamps:
            if trouble:
                raise trouble
            return found
        time.sleep(_PAUSE_S)
    raise trouble or StoreBusy(f"{path} keeps changing while smq examines it: try again")


def look_within(connection: apsw.Connection, path: str) -> Found:
    """Describe what a database holds, through a connection that is open on it."""
    objects = connection.execute(_OBJECTS).fetchall()
    names = tuple(str(name) for _, name in objects)
    tables = tuple(str(name) for kind, name in objects if kind == "table")
    if "smq_schema" in tables and "version" in _columns(connection, "smq_schema"):
        return Found(DatabaseKind.QUEUE, _version(connection, path, tables), names, tables)
    if len(tables) == 1 and _columns(connection, tables[0]) == _ANCESTOR:
        return Found(DatabaseKind.ANCESTOR, 0, names, tables)
    if not objects and connection.execute("PRAGMA application_id").get in {0, APPLICATION_ID}:
        return Found(DatabaseKind.EMPTY)
    return Found(DatabaseKind.FOREIGN, 0, names, tables)


def has_wal(path: str) -> bool:
    """Return whether there is a -wal file next to a queue, which is then in WAL mode."""
    return surroundings(path).wal is not None


def _look_once(path: str, stamps: FileStamps) -> tuple[Found, bool]:
    if stamps.is_without_content:
        if stamps.wal:
            raise StoreUnavailable(
                f"{path} is {'empty' if stamps.database else 'missing'}, but its WAL file exists and may "
                f"contain messages ({stamps.wal[0]:,} bytes): put the database back, or move {path}-wal "
                f"away to start with an empty queue"
            )
        return Found(DatabaseKind.EMPTY if stamps.database else DatabaseKind.MISSING), False
    if stamps.database and stamps.database[0] < _SMALLEST_PAGE and not stamps.journal:
        raise NotAQueue(f"{path} is not a SQLite database; it was left unchanged. Use another file")
    with glance(path, stamps) as opened:
        if opened.is_unfinished:
            return _guess(opened, path), False
        return look_within(opened.connection, path), opened.is_under_lock


def _guess(opened: PeekedConnection, path: str) -> Found:
    """See whether a half-written database is another program's for certain, which then is not rolled back."""
    if opened.began_empty:
        return Found(DatabaseKind.UNFINISHED)
    try:
        found = look_within(opened.connection, path)
    except (apsw.CorruptError, StoreCorrupt):
        return Found(DatabaseKind.UNFINISHED)
    is_foreign = found.kind is DatabaseKind.FOREIGN and not any(
        name.startswith("smq_") for name in found.names
    )
    return found if is_foreign else Found(DatabaseKind.UNFINISHED)


def _refuse_what_is_no_file(path: str) -> None:
    mode = _mode(path)
    if mode is None:
        folder = Path(path).parent
        if not folder.is_dir():
            raise StoreUnavailable(f"the folder {folder} does not exist: create it first")
        return
    if stat.S_ISDIR(mode):
        raise StoreUnavailable(f"{path} is a folder: give the path of a file in it")
    if not stat.S_ISREG(mode):
        raise NotAQueue(f"{path} is a device, a pipe or a socket: give the path of a regular file")


def _mode(path: str) -> int | None:
    """Return what kind of file lies at a path; None where none does."""
    with translated(path):
        try:
            return Path(path).stat().st_mode
        except FileNotFoundError:
            return None
        except NotADirectoryError as error:
            raise StoreUnavailable(
                f"{path} cannot exist: a part of the path is a file, not a folder"
            ) from error


def _version(connection: apsw.Connection, path: str, tables: tuple[str, ...]) -> int:
    versions = [row[0] for row in connection.execute(_VERSION).fetchall()]
    if len(versions) == 1 and isinstance(versions[0], int) and versions[0] >= 1 and "smq_messages" in tables:
        return versions[0]
    what = counted(len(versions), "version") if "smq_messages" in tables else "no table smq_messages"
    raise StoreCorrupt(f"{path} has the queue's table smq_schema, but {what}: restore a backup")


def _columns(connection: apsw.Connection, table: str) -> frozenset[str]:
    return frozenset(str(name).lower() for (name,) in connection.execute(_COLUMNS, (table,)).fetchall())
