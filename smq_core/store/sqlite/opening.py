"""Opens the door to a database file, once per process and store: creates, migrates, or refuses with a sentence.

It leaves what it refuses as it was. The connections that it opens are closed before it returns.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import apsw

from smq_core.errors import NotAQueue, SchemaTooNew, StoreUnavailable
from smq_core.store.sqlite import migrate, recognise
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.recognise import Found, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["prepare"]

_BEGIN: Final = query("doors_begin")
_COMMIT: Final = query("doors_commit")
_ROLLBACK: Final = query("doors_rollback")
_AUTO_VACUUM: Final = query("doors_auto_vacuum")
_EXTRA_SYNC: Final = query("doors_extra_sync")
_CLAIM: Final = query("doors_claim")
_WAL: Final = query("doors_wal")


def prepare(path: str, *, may_create: bool, may_write: bool, now_ms: int) -> None:
    """See that a queue of this smq's schema lies at a path, creating or migrating it where that is allowed.

    Raises:
        StoreUnavailable: nothing is there and nothing may be created, or it cannot be opened or written.
        StoreCorrupt: the database contradicts itself.
        SchemaTooNew: a newer smq made it.
        NotAQueue: it is something else.
        StoreBusy: somebody else held it for too long.
    """
    path = os.path.realpath(path)
    found = recognise.look(path)
    if found.shape in {Shape.MISSING, Shape.EMPTY}:
        if not may_create:
            raise StoreUnavailable(
                f"no queue at {path}: send a message to make one, run `smq init`, or name another file with --db"
            )
        _create(path)
        return
    _check(path, found)


def _check(path: str, found: Found) -> None:
    if found.shape is Shape.FOREIGN:
        raise NotAQueue(
            f"{path} is a database of another program (its tables: {', '.join(found.tables[:5])}); it was left as "
            "it was. Name another file, or add the queue's tables to it with `smq init --into`"
        )
    if found.version > migrate.newest_version():
        raise SchemaTooNew(
            f"{path} was made by a newer smq (schema {found.version}, this one knows {migrate.newest_version()}): "
            "upgrade smq"
        )


def _create(path: str) -> None:
    with recognise.translated(path):
        _make_empty_file(path)
        with closing(recognise.connect(path, "", apsw.SQLITE_OPEN_READWRITE)) as connection:
            connection.execute(_EXTRA_SYNC)
            connection.execute(_AUTO_VACUUM)
            with _transaction(connection):
                found = recognise.look_within(connection, path)
                if found.shape is Shape.EMPTY:
                    migrate.migrate(connection, 0)
                    connection.execute(_CLAIM)
                else:
                    _check(path, found)
            connection.execute(_WAL)


def _make_empty_file(path: str) -> None:
    """Make the file readable by its owner only, unless it is there; no descriptor of it is opened where that can be helped."""
    try:
        if sys.platform == "linux":
            os.mknod(path, stat.S_IFREG | 0o600)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
    connection.execute(_BEGIN)
    try:
        yield
        connection.execute(_COMMIT)
    except BaseException:
        if connection.in_transaction:
            connection.execute(_ROLLBACK)
        raise
