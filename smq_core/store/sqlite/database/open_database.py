"""Opens the door to a database, once per process and store: creates, migrates, or refuses with a sentence.

What it refuses is left as it was, byte for byte. Its own connections are closed before it returns.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Final

from smq_core.errors import NotAQueue, SchemaTooNew, StoreUnavailable
from smq_core.format import counted
from smq_core.store.sqlite.database import identify, migrate
from smq_core.store.sqlite.database.file_system import refuse_remote
from smq_core.store.sqlite.database.identify import DatabaseKind, Found
from smq_core.store.sqlite.database.one_name import refuse_second_name
from smq_core.store.sqlite.driver.raw_connection import (
    connect,
    exclusive,
    go_to_wal,
    translated,
    why_not_writable,
)
from smq_core.store.sqlite.location import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_core.states import State

__all__ = ["create_into", "prepare"]

_SHOWN: Final = 5
_log: Final = logging.getLogger(__name__)
_NO_WORDS: Final[Mapping[str, State]] = {}


def prepare(
    path: str, *, may_create: bool, may_write: bool, now_ms: int, words: Mapping[str, State] = _NO_WORDS
) -> None:
    """See that a queue of this smq's schema lies at a path: create or migrate it where that is allowed.

    `words` maps status words of a predecessor's table to states, in addition to the known ones.

    Raises:
        StoreUnavailable: nothing is there and nothing may be created, it cannot be opened or written, or it
            has another name, with another -wal beside it.
        StoreCorrupt: the database contradicts itself.
        SchemaTooNew: a newer smq created it.
        NotAQueue: it is not a queue.
        StoreBusy: another process held it for too long.
    """
    path = resolved(path)
    found = _look(path, may_write=may_write)
    if found.kind in {DatabaseKind.MISSING, DatabaseKind.EMPTY}:
        if not may_create:
            raise StoreUnavailable(
                f"no queue at {path}: create one with `smq init` or `smq send`, or use another file"
            )
        _create(path)
    elif found.kind is DatabaseKind.ANCESTOR:
        _require_write(path, "contains the messages of smq's predecessor", may_write=may_write)
        from smq_core.legacy.ancestor import take_over  # noqa: PLC0415 - few ever meet one

        take_over(path, now_ms, words)
    elif found.version < migrate.newest_version():
        if may_write:
            migrate.upgrade(path, now_ms)
        elif found.version < migrate.OLDEST_READABLE:
            _require_write(
                path, f"uses schema version {found.version}, which is out of date", may_write=False
            )
    if may_write:
        _see_to_wal(path)


def create_into(path: str) -> list[str]:
    """Add the queue's tables to the database of an application, and return in words what was done.

    Raises:
        StoreUnavailable: there is no database, or tables of our names stand in it already.
        StoreError: as `prepare` has it; nothing was added then.
    """
    path = resolved(path)
    refuse_second_name(path)
    found = identify.look(path)
    refuse_remote(path)
    if found.kind is DatabaseKind.UNFINISHED:
        raise StoreUnavailable(
            f"{path} contains an unfinished transaction: let the application open it first"
        )
    if found.kind in {DatabaseKind.MISSING, DatabaseKind.EMPTY}:
        raise StoreUnavailable(
            f"{path} contains no application tables: `smq init` without --into makes it a queue"
        )
    if found.kind is DatabaseKind.ANCESTOR:
        raise StoreUnavailable(
            f"{path} contains the messages of smq's predecessor: `smq init` without --into migrates it"
        )
    if found.kind is DatabaseKind.QUEUE:
        raise StoreUnavailable(f"{path} already has a queue: nothing was added")
    _refuse_our_names(path, found)
    with translated(path), closing(connect(path)) as connection:
        mode = go_to_wal(connection, path)
        with exclusive(connection):
            _refuse_our_names(path, identify.look_within(connection, path))
            migrate.run(connection, 0)
        added = identify.look_within(connection, path)
    return _in_words(path, set(added.names) - set(found.names), mode)


def _look(path: str, *, may_write: bool) -> Found:
    """Look, refuse what cannot become a queue, and roll back what a killed writer left in ours."""
    refuse_second_name(path)
    found = _refuse(path, identify.look(path))
    refuse_remote(path)
    if found.kind is not DatabaseKind.UNFINISHED:
        return found
    _require_write(path, "contains an unfinished transaction of a program that crashed", may_write=may_write)
    with translated(path), closing(connect(path)) as connection, exclusive(connection):
        found = identify.look_within(connection, path)
    return _refuse(path, found)


def _refuse(path: str, found: Found) -> Found:
    if found.kind is DatabaseKind.FOREIGN:
        tables = ", ".join(found.tables[:_SHOWN]) + (" …" if len(found.tables) > _SHOWN else "")
        raise NotAQueue(
            f"{path} is the database of another program (tables: {tables or 'none'}); it was left unchanged. "
            "Use another file, or add the queue's tables to this one with `smq init --into`"
        )
    newest = migrate.newest_version()
    if found.version > newest:
        raise SchemaTooNew(
            f"{path} has schema {found.version}, made by a newer smq; this one supports up to {newest}: "
            "upgrade smq"
        )
    return found


def _require_write(path: str, what: str, *, may_write: bool) -> None:
    if not may_write:
        raise StoreUnavailable(f"{path} {what}: first run a command that writes, such as `smq init`")


def _create(path: str) -> None:
    """Create the schema, unless another process was first; killed at any point, it leaves all or nothing."""
    with translated(path):
        _make_file(path)
        with closing(connect(path)) as connection:
            # both take effect only before the first table; a commit writes whole pages, and with 2 KiB each
            # an enqueue of 200 bytes costs a fifth less than with 4, and nothing more up to 10 kB (measured)
            connection.execute("PRAGMA page_size = 2048")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            with exclusive(connection):
                if _refuse(path, identify.look_within(connection, path)).kind is DatabaseKind.EMPTY:
                    migrate.run(connection, 0)
                    connection.execute(f"PRAGMA application_id = {identify.APPLICATION_ID}")
    _log.info("no queue existed at %s, so one was created", path)


def _see_to_wal(path: str) -> None:
    """Put a queue into WAL: its creation may have been killed before that, or a browser has put it back."""
    if why := why_not_writable(path):
        raise StoreUnavailable(f"{why}: change its permissions, or open the database read-only")
    if not identify.has_wal(path):
        with translated(path), closing(connect(path)) as connection:
            go_to_wal(connection, path)


def _make_file(path: str) -> None:
    """Make the file, readable by its owner only, unless it is there.

    On Linux no descriptor of it is opened: closing one would drop the locks of a thread that was quicker.
    """
    try:
        if sys.platform == "linux":
            os.mknod(path, stat.S_IFREG | 0o600)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def _refuse_our_names(path: str, found: Found) -> None:
    if ours := [name for name in found.names if name.lower().startswith("smq_")]:
        raise StoreUnavailable(
            f"{path} has {', '.join(ours[:3])}, which smq would have to create: nothing was added"
        )


def _in_words(path: str, added: set[str], mode: str) -> list[str]:
    change = "was already in WAL mode" if mode == "wal" else f"was switched from journal mode {mode} to WAL"
    objects = counted(len(added), "new object")
    return [
        f"{path} has {objects} (tables, indexes and triggers), all named smq_…, and no other changes",
        f"the file {change}: while it is open, its -wal and -shm files are part of it",
        "programs that open it need SQLite 3.37 or later",
    ]
