"""Examines a database and says what it finds; it changes nothing, which is for `repair`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw

from smq_core.errors import NotAQueue, StoreCorrupt, StoreError
from smq_core.store.records import Finding
from smq_core.store.sqlite.admin import checks
from smq_core.store.sqlite.admin.file_users import readers, users
from smq_core.store.sqlite.database import identify, migrate
from smq_core.store.sqlite.database.file_system import OVERRIDE, is_remote, magic_of, name_of
from smq_core.store.sqlite.database.identify import DatabaseKind
from smq_core.store.sqlite.database.one_name import second_name
from smq_core.store.sqlite.database.peek import glance, surroundings
from smq_core.store.sqlite.driver.raw_connection import connect, is_writable, translated
from smq_core.store.sqlite.location import resolved

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["examine"]

_LARGE_WAL: Final = 64 * 1024 * 1024
_SHAPES: Final = {
    DatabaseKind.MISSING: ("the file does not exist", "use another file, or create a queue with `smq init`"),
    DatabaseKind.EMPTY: ("the database is empty", "make it a queue with `smq init`, or use another file"),
    DatabaseKind.ANCESTOR: (
        "it contains the messages of smq's predecessor",
        "migrate it with `smq init`; a backup is made first",
    ),
    DatabaseKind.FOREIGN: (
        "it is the database of another program",
        "use another file, or add a queue with `smq init --into`",
    ),
    DatabaseKind.UNFINISHED: (
        "a program crashed inside a transaction",
        "let the next command that writes roll it back",
    ),
}


def examine(path: str, now_ms: int, ended: Collection[str] = frozenset()) -> Iterator[Finding]:
    """Examine the database at a path, yielding each finding when it is there; the long ones come last.

    `ended` has the ids of the daemons that are proven to have ended.
    """
    path = resolved(path)
    yield Finding("sqlite", "ok", f"SQLite {apsw.sqlite_lib_version()}, bundled with the driver apsw")
    yield _file_system(path)
    if trouble := second_name(path):
        # what else there is to find may stand in the -wal of the other name, and reading here would make one
        yield Finding("names", "error", f"{path} {trouble}", "stop all programs that use it first")
        return
    try:
        found = identify.look(path)
    except StoreError as error:
        yield Finding("file", "error", str(error), _advice(error))
        return
    if found.kind is not DatabaseKind.QUEUE:
        yield _no_queue(path, found)
        return
    yield _file(path)
    yield _wal(path)
    if found.version > migrate.newest_version():
        known = migrate.newest_version()
        yield Finding(
            "schema", "error", f"version {found.version} is newer than this smq's {known}", "upgrade smq"
        )
        return
    for name, examination in checks.all_checks(ended):
        yield from _guarded(path, name, examination, now_ms)


def _guarded(path: str, name: str, examination: checks.Check, now_ms: int) -> Iterator[Finding]:
    """Run one examination on its own connection: what breaks one does not hide what others find."""
    try:
        with _reading(path) as connection:
            findings = list(examination(connection, now_ms))
    except StoreError as error:
        # of a damage, what SQLite says of it: the sentence around it sends people here
        cause = error.__cause__ if isinstance(error, StoreCorrupt) and error.__cause__ else error
        findings = [Finding(name, "error", f"could not be examined: {cause}", _advice(error))]
    yield from findings


def _advice(error: StoreError) -> str:
    match error:
        case StoreCorrupt():
            return checks.RESTORE
        case NotAQueue():
            return (
                f"use another file; if this was a queue, the start of the file is damaged: {checks.RESTORE}"
            )
        case _:
            return "find out which program has the file locked, and check the disk"


def _no_queue(path: str, found: identify.Found) -> Finding:
    what, advice = _SHAPES[found.kind]
    ours = [name for name in found.names if name.startswith("smq_")]
    if found.kind is DatabaseKind.FOREIGN and ours:
        what = f"{what}, with tables that use smq's names but were not created by smq: {', '.join(ours)}"
        advice = "use another file, or rename those tables and add a queue with `smq init --into`"
    return Finding("file", "error", f"{path}: {what}", advice)


@contextmanager
def _reading(path: str) -> Iterator[apsw.Connection]:
    stamps = surroundings(path)
    if not (is_writable(path) and is_writable(str(Path(path).parent))):
        with glance(path, stamps) as opened:
            yield opened.connection
        return
    # like a user of the queue, under its locks; the last one to close removes what the first read made
    with translated(path):
        connection = connect(path)
        try:
            if stamps.wal:
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.execute("PRAGMA query_only = ON")
            yield connection
        finally:
            connection.close()


def _file(path: str) -> Finding:
    status = Path(path).stat()
    mode = status.st_mode & 0o777
    sentence = (
        f"{path}, {status.st_size:,} bytes, device {status.st_dev}, inode {status.st_ino}, mode {mode:04o}"
    )
    if mode & 0o077:
        return Finding(
            "file",
            "notice",
            f"{sentence}: users other than its owner have access to it",
            "if this is not intended: chmod 600",
        )
    return Finding("file", "ok", sentence)


def _file_system(path: str) -> Finding:
    magic = magic_of(str(Path(path).parent))
    if is_remote(magic):
        sentence = (
            f"it is on {name_of(magic)}, where locks and shared memory may not work between all processes"
        )
        return Finding(
            "file system", "error", sentence, f"move it to a local disk ({OVERRIDE}=1 opens it anyway)"
        )
    return Finding("file system", "ok", name_of(magic))


def _wal(path: str) -> Finding:
    size = (surroundings(path).wal or (0, 0))[0]
    holders = ", ".join(str(holder) for holder in users(path)) or "no visible process"
    sentence = f"the -wal has {size:,} bytes; open in: {holders}"
    if size < _LARGE_WAL:
        return Finding("wal", "ok", sentence)
    reading = ", ".join(str(holder) for holder in readers(path))
    if reading:
        return Finding(
            "wal",
            "warning",
            f"{sentence}; being read now by: {reading}",
            "end the process whose read transaction stays open",
        )
    return Finding(
        "wal",
        "warning",
        sentence,
        "run a daemon, which truncates it, or close all programs that use the database once",
    )
