from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.store.sqlite.admin import doctor, file_users
from smq_core.store.sqlite.database import open_database
from tests.sqlite.database.queue_file import NOW_MS, finding, send

if TYPE_CHECKING:
    from tests.matrix import Fault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "q.sqlite3"
    open_database.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)
    return path


ONLY_LINUX = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who holds a file")


READER = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "if sys.argv[2] == 'read': connection.execute('BEGIN')\n"
    "connection.execute('SELECT * FROM smq_schema').fetchall()\n"
    "print('ready', flush=True)\n"
    "sys.stdin.read()\n"
)


@ONLY_LINUX
@pytest.mark.parametrize(("what", "is_reading"), [("read", 1), ("idle", 0)])
def test_processes_that_hold_and_read_the_database_are_seen(path: Path, what: str, is_reading: int) -> None:
    send(path)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(path), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"

        assert [holder.pid for holder in file_users.users(str(path))] == [other.pid]
        assert [holder.pid for holder in file_users.readers(str(path))] == [other.pid] * is_reading
        assert f"{other.pid} (" in finding(path, "wal").sentence
        other.communicate("")


@pytest.mark.fault(
    row="a WAL file that a reader prevents from being reused",
    part="damage",
    promise="doctor names the reading process, and says what to do",
    how="a read transaction is left open while others write",
)
@ONLY_LINUX
def test_a_large_wal_is_told_with_who_holds_it_back(
    path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr(doctor, "_LARGE_WAL", 1)
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'x')")
        connection.execute("BEGIN; SELECT * FROM smq_messages").fetchall()

        found = finding(path, "wal")

    assert found.severity == "warning"
    assert f"being read now by: {os.getpid()} (" in found.sentence
    fault.struck()
    fault.ran()


def test_nobody_holds_a_database_that_is_closed(path: Path) -> None:
    assert file_users.users(str(path)) == file_users.readers(str(path)) == []
