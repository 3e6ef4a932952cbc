"""Reads a database without changing a byte of it or of its folder; it does not judge what it reads.

The database and its -shm are opened by SQLite alone: closing any other descriptor of them would drop this
process's locks. Which way of reading is harmless depends on what is beside the database (each tried):

- nothing, or a -wal without content: `immutable=1`, which takes no lock and makes no file; to be believed if
  nothing changed meanwhile
- a -journal: `mode=ro`, under locks; where its writer died SQLite refuses that, and `immutable=1` shows the
  unfinished state
- -wal and -shm: `mode=ro&readonly_shm=1`, which sees the -wal and writes nowhere
- a -wal alone: in locking mode EXCLUSIVE, so that the -wal's index is kept in memory and no -shm is made
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from smq_core.errors import StoreUnavailable
from smq_core.store.sqlite.driver.raw_connection import connect, translated
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FileStamps", "PeekedConnection", "glance", "surroundings"]

_OBJECTS: Final = query("doors_objects")
_WAL_HEADER: Final = 32
"""Bytes of a -wal that holds nothing; SQLite tries ten seconds to read one beside a -shm it may not write."""
_JOURNAL_MAGIC: Final = bytes.fromhex("d9d505f920a163d7")


class FileStamps(NamedTuple):
    """Size and time of change of a database and its companions; None: not there."""

    wal: tuple[int, int] | None
    shm: tuple[int, int] | None
    journal: tuple[int, int] | None
    database: tuple[int, int] | None

    @property
    def is_without_content(self) -> bool:
        """Return whether there is no database, or not a byte of it."""
        return self.database is None or self.database[0] == 0


class PeekedConnection(NamedTuple):
    """A connection for one look, and what it is worth."""

    connection: apsw.Connection
    is_under_lock: bool
    """False: to be believed only if the surroundings are still the same afterwards."""
    is_unfinished: bool = False
    """The writer died inside a transaction; the next one that may write rolls it back."""
    began_empty: bool = False
    """That transaction was the first: rolled back, nothing is left."""


def surroundings(path: str) -> FileStamps:
    """Look for the -wal before the database: whoever makes a queue makes them in the other order."""
    with translated(path):
        return FileStamps(*(_size_and_change(path + suffix) for suffix in ("-wal", "-shm", "-journal", "")))


@contextmanager
def glance(path: str, stamps: FileStamps) -> Iterator[PeekedConnection]:
    """Open a database in the harmless way that its surroundings ask for.

    Raises:
        StoreError: when it cannot be read.
    """
    with translated(path):
        opened = _open(path, stamps)
        with closing(opened.connection):
            yield opened


def _open(path: str, stamps: FileStamps) -> PeekedConnection:
    has_frames = stamps.wal is not None and stamps.wal[0] > _WAL_HEADER
    if has_frames and stamps.shm:
        return PeekedConnection(connect(path, "mode=ro&readonly_shm=1", read_only=True), is_under_lock=True)
    if has_frames:
        return PeekedConnection(_connect_alone(path), is_under_lock=True)
    if stamps.journal:
        return _open_beside_journal(path)
    return PeekedConnection(connect(path, "immutable=1", read_only=True), is_under_lock=False)


def _connect_alone(path: str) -> apsw.Connection:
    connection = connect(path)
    if connection.readonly("main"):
        connection.close()
        raise StoreUnavailable(
            f"{path} has a WAL file that can be read only with write permission on the database: grant it"
        )
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    return connection


def _open_beside_journal(path: str) -> PeekedConnection:
    connection = connect(path, "mode=ro", read_only=True)
    try:
        connection.execute(_OBJECTS).fetchall()
    except (apsw.ReadOnlyError, apsw.CantOpenError):
        connection.close()
        unfinished = connect(path, "immutable=1", read_only=True)
        return PeekedConnection(
            unfinished, is_under_lock=False, is_unfinished=True, began_empty=_began_empty(path)
        )
    except apsw.Error:
        connection.close()
        raise
    return PeekedConnection(connection, is_under_lock=True)


def _began_empty(path: str) -> bool:
    """Read in the -journal, which carries no locks, whether the database had no page before."""
    try:
        with Path(path + "-journal").open("rb") as journal:
            header = journal.read(20)
    except OSError:
        return False
    return header[:8] == _JOURNAL_MAGIC and header[16:20] == bytes(4)


def _size_and_change(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns
