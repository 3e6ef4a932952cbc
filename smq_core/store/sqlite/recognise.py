"""Says what lies at a path without changing a byte of it or beside it; it decides nothing about what to do then.

The database and its -shm are never opened but through SQLite: closing any descriptor of them would drop the locks of
this process. Which read-only open is harmless depends on what lies beside the database:

- no -wal, no -journal: `immutable=1`, which takes no lock and makes no file; believed only if nothing changed meanwhile
- a -journal: `mode=ro` with locks; where the journal is hot (its writer died), `immutable=1` shows whose file it is
- -wal and -shm: `mode=ro&readonly_shm=1`, which sees the -wal and writes nowhere
- a -wal alone: exclusively, so that SQLite keeps the index of the -wal in memory and makes no -shm
"""

from __future__ import annotations

import enum
import os
import stat
import urllib.parse
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from smq_core.errors import NotAQueue, StoreBusy, StoreCorrupt, StoreError, StoreUnavailable
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ANCESTOR_COLUMNS", "BUSY_MS", "Found", "Shape", "connect", "look", "look_within", "translated"]

ANCESTOR_COLUMNS: Final = frozenset(
    {"id", "topic", "payload", "created_at", "available_at", "status", "locked_until"}
)
"""A table with exactly these columns, alone in its file, is the ancestor's, whatever its name."""

APPLICATION_ID: Final = 0x736D7131
"""What `doors_claim` sets: the bytes "smq1"."""

BUSY_MS: Final = 5_000
"""How long the doors wait for somebody else's lock."""

_LOOKS: Final = 50
_JOURNAL_MAGIC: Final = bytes.fromhex("d9d505f920a163d7")
_OBJECTS: Final = query("doors_objects")
_COLUMNS: Final = query("doors_columns")
_VERSION: Final = query("doors_schema_version")
_APPLICATION_ID: Final = query("doors_application_id")
_LOCK_EXCLUSIVELY: Final = query("doors_lock_exclusively")


class Shape(enum.Enum):
    """What a path leads to."""

    MISSING = "missing"
    EMPTY = "empty"
    """No bytes, or a database without tables."""
    QUEUE = "queue"
    ANCESTOR = "ancestor"
    FOREIGN = "foreign"
    """A database of somebody else's."""


class Found(NamedTuple):
    """What lies at a path."""

    shape: Shape
    version: int = 0
    """The schema's, of a queue."""
    tables: tuple[str, ...] = ()
    """Names of tables, SQLite's own aside; of an ancestor, its only one."""


class _Beside(NamedTuple):
    """Size and last change of the database and of its companions; None: not there."""

    database: tuple[int, int] | None
    wal: tuple[int, int] | None
    shm: tuple[int, int] | None
    journal: tuple[int, int] | None


def look(path: str) -> Found:
    """Say what lies at a resolved path, and touch nothing.

    Raises:
        NotAQueue: it is no SQLite database, or no file.
        StoreCorrupt: a database that contradicts itself.
        StoreUnavailable: it may not be read, or its -wal is there without it.
        StoreBusy: somebody writes without a pause.
    """
    _refuse_what_is_no_file(path)
    for _ in range(_LOOKS):
        before = _beside(path)
        if not before.database or not before.database[0]:
            if _refuse_orphaned_wal(path, before) or _beside(path) != before:
                continue
            return Found(Shape.EMPTY if before.database else Shape.MISSING)
        found, is_certain = _read(path, before)
        if is_certain or _beside(path) == before:
            if isinstance(found, StoreError):
                raise found
            return found
    raise StoreBusy(f"{path} changes while smq looks at it: try again")


def look_within(connection: apsw.Connection, path: str) -> Found:
    """Say what a database holds, through a connection that is open on it."""
    objects = [(str(kind), str(name)) for kind, name in connection.execute(_OBJECTS)]
    tables = tuple(name for kind, name in objects if kind == "table")
    if "smq_schema" in tables:
        return Found(Shape.QUEUE, _version(connection, path), tables)
    if len(tables) == 1 and _columns(connection, tables[0]) == ANCESTOR_COLUMNS:
        return Found(Shape.ANCESTOR, 0, tables)
    if not objects and connection.execute(_APPLICATION_ID).get in {0, APPLICATION_ID}:
        return Found(Shape.EMPTY)
    return Found(Shape.FOREIGN, 0, tables)


def connect(path: str, parameters: str, flags: int) -> apsw.Connection:
    """Open a database by a URI, whatever characters its path has."""
    uri = f"file:{urllib.parse.quote(path)}{'?' if parameters else ''}{parameters}"
    connection = apsw.Connection(uri, flags=flags | apsw.SQLITE_OPEN_URI)
    connection.set_busy_timeout(BUSY_MS)
    return connection


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn the errors of the database library and of the system into smq's, with a sentence."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise _sentence(path, error) from error


def _sentence(path: str, error: Exception) -> StoreError:
    if isinstance(error, apsw.NotADBError):
        return NotAQueue(f"{path} is not a SQLite database; it was left as it was. Name another file")
    if isinstance(error, apsw.CorruptError):
        return StoreCorrupt(f"{path} is damaged ({error}): run `smq doctor`, or restore a backup")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StoreBusy(f"{path} is locked by another program: try again, or end that program")
    if isinstance(error, apsw.FullError):
        return StoreUnavailable(f"no space left for {path}: free some and try again")
    if isinstance(error, apsw.ReadOnlyError | apsw.PermissionsError | apsw.CantOpenError | PermissionError):
        return StoreUnavailable(
            f"{path} or its folder {os.path.dirname(path)} may not be opened or written ({error}): "
            "change their permissions, or name another file"
        )
    return StoreUnavailable(f"{path}: {error}")


def _refuse_what_is_no_file(path: str) -> None:
    folder = os.path.dirname(path)
    with translated(path):
        try:
            mode = os.stat(path).st_mode
        except FileNotFoundError:
            if not os.path.isdir(folder):
                raise StoreUnavailable(f"the folder {folder} does not exist: make it first") from None
            return
        except NotADirectoryError:
            raise StoreUnavailable(f"{folder} is a file, not a folder: {path} cannot exist") from None
    if stat.S_ISDIR(mode):
        raise StoreUnavailable(f"{path} is a folder: name a file in it")
    if not stat.S_ISREG(mode):
        raise NotAQueue(f"{path} is a device, pipe or socket, not a file: name another")


def _refuse_orphaned_wal(path: str, before: _Beside) -> bool:
    """Raise where a -wal lies beside a missing or empty database; True: that was a moment's picture, look again."""
    if before.wal is None:
        return False
    if _beside(path) != before:
        return True
    raise StoreUnavailable(
        f"{path} is {'empty' if before.database else 'missing'}, but {path}-wal holds {before.wal[0]:,} bytes "
        "that belong to it: put the database back, or move the -wal away to begin anew"
    )


def _beside(path: str) -> _Beside:
    """Look for the -wal before the database: who creates a queue makes them in the other order."""
    with translated(path):
        wal, shm, journal = (_size_and_change(path + suffix) for suffix in ("-wal", "-shm", "-journal"))
        return _Beside(_size_and_change(path), wal, shm, journal)


def _size_and_change(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns


def _read(path: str, beside: _Beside) -> tuple[Found | StoreError, bool]:
    """Answer what the database holds, or why it cannot be read, and whether the answer holds without a second look."""
    try:
        if beside.wal is not None:
            return (_read_with_wal(path) if beside.shm else _read_exclusively(path)), True
        if beside.journal is not None:
            return _read_beside_journal(path), False
        return _read_through(path, "immutable=1"), False
    except StoreError as error:
        return error, False


def _read_with_wal(path: str) -> Found:
    return _read_through(path, "mode=ro&readonly_shm=1")


def _read_beside_journal(path: str) -> Found:
    try:
        return _read_through(path, "mode=ro")
    except StoreUnavailable:
        if _began_empty(path):
            return Found(Shape.EMPTY)
        return _read_through(path, "immutable=1")


def _began_empty(path: str) -> bool:
    """Tell by its -journal that a database had no page before the transaction that was cut off: a killed creation."""
    try:
        with open(path + "-journal", "rb") as journal:
            header = journal.read(20)
    except OSError:
        return False
    return header[:8] == _JOURNAL_MAGIC and header[16:20] == bytes(4)


def _read_through(path: str, parameters: str) -> Found:
    with (
        translated(path),
        closing(connect(path, parameters, apsw.SQLITE_OPEN_READONLY)) as connection,
    ):
        return look_within(connection, path)


def _read_exclusively(path: str) -> Found:
    with translated(path), closing(connect(path, "", apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.execute(_LOCK_EXCLUSIVELY)
        return look_within(connection, path)


def _version(connection: apsw.Connection, path: str) -> int:
    rows = list(connection.execute(_VERSION))
    if len(rows) != 1 or not isinstance(rows[0][0], int):
        raise StoreCorrupt(f"{path}: smq_schema holds {len(rows)} rows instead of one version: restore a backup")
    return rows[0][0]


def _columns(connection: apsw.Connection, table: str) -> frozenset[str]:
    return frozenset(str(name) for (name,) in connection.execute(_COLUMNS, (table,)))
