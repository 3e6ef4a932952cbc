"""The story: somebody else holds the database, or the disk is full, at the moment it is to be opened."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.errors import StoreBusy, StoreUnavailable
from smq_core.store.sqlite.database import identify, open_database
from smq_core.store.sqlite.database.identify import DatabaseKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.matrix import Fault

NOW_MS = 1_700_000_000_000
HOLDER = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "for statement in sys.argv[2:]: connection.execute(statement).fetchall()\n"
    "print('held', flush=True)\n"
    "sys.stdin.read()\n"
)


def prepare(path: Path) -> None:
    open_database.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)


@contextmanager
def held(path: Path, *statements: str) -> Iterator[None]:
    """Let another process run statements and keep its connection open."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate("")


pytestmark = pytest.mark.fault(
    row="the database is locked, or the disk is full, while it is being opened",
    part="opening and access",
    promise="opened, or refused with an error; nothing is left half-done",
    how="another process is in the middle of a transaction; the number of pages is limited to a value from "
    "zero to forty",
)


@pytest.fixture(autouse=True)
def _each_is_a_fault(fault: Fault) -> Iterator[None]:
    """Count a test that comes to its end: in each a database is held, or has no room."""
    yield
    fault.struck()
    fault.ran()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smq_core.store.sqlite.driver.raw_connection.BUSY_MS", 60)


def test_a_queue_in_which_somebody_is_writing_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "q.sqlite3"
    prepare(path)

    with held(path, "BEGIN EXCLUSIVE"):
        prepare(path)


def test_a_queue_that_somebody_keeps_for_himself(tmp_path: Path) -> None:
    path = tmp_path / "q.sqlite3"
    prepare(path)
    insert = "INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'x')"

    with held(path, "PRAGMA locking_mode = EXCLUSIVE", insert), pytest.raises(StoreBusy, match="try again"):
        prepare(path)

    prepare(path)


def test_a_foreign_database_in_the_middle_of_its_commit(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    statements = "CREATE TABLE users (name)", "BEGIN EXCLUSIVE", "INSERT INTO users VALUES (1)"

    with held(path, *statements), pytest.raises(StoreBusy):
        prepare(path)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)


def test_an_empty_database_in_which_somebody_else_is_making_tables(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"

    with held(path, "BEGIN IMMEDIATE", "CREATE TABLE users (name)"), pytest.raises(StoreBusy):
        prepare(path)

    assert [file.name for file in tmp_path.iterdir()] == ["theirs.db"]


def test_an_ancestor_that_somebody_holds_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    columns = "id, topic, payload, created_at, available_at, status, locked_until"

    with held(path, f"CREATE TABLE messages ({columns})", "BEGIN IMMEDIATE"), pytest.raises(StoreBusy):
        prepare(path)

    assert identify.look(str(path)).kind is DatabaseKind.ANCESTOR
    assert [file.name for file in tmp_path.iterdir()] == ["old.db"]


class _FullDisk(apsw.VFS):
    """A disk with room for so many writes."""

    def __init__(self, room: int) -> None:
        self.room = room
        super().__init__("full", "unix", makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 -- apsw's name
        return _FullFile(self, name, flags)


class _FullFile(apsw.VFSFile):
    def __init__(self, disk: _FullDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self.disk = disk
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 -- apsw's name
        self.disk.room -= 1
        if self.disk.room < 0:
            raise apsw.FullError
        super().xWrite(data, offset)


@pytest.mark.parametrize("room", range(0, 40, 3))
def test_a_disk_that_is_full_is_told_and_leaves_nothing_half_made(tmp_path: Path, room: int) -> None:
    path = tmp_path / "q.sqlite3"
    disk = _FullDisk(room)
    try:
        with pytest.raises(StoreUnavailable, match="free disk space"):
            prepare(path)
    finally:
        disk.unregister()
        apsw.set_default_vfs("unix")

    prepare(path)
    assert identify.look(str(path)).kind is DatabaseKind.QUEUE
