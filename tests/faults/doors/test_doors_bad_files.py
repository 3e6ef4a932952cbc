"""The story: somebody names the wrong file. It is refused with a sentence, and every byte stays."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import NotAQueue, SchemaTooNew, StoreCorrupt, StoreError, StoreUnavailable
from smq_core.store.sqlite.database import open_database
from tests.faults.folder import contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.matrix import Fault

NOW_MS = 1_700_000_000_000
JPEG = bytes.fromhex("ffd8ffe000104a46494600010101006000600000ffdb0043") + os.urandom(20_000)

pytestmark = pytest.mark.fault(
    row="a file that is not a queue, or a damaged queue",
    part="opening and access",
    promise="refused with an error, and no byte is changed",
    how="images, zeros, other programs' databases, newer and truncated queues, pipes, folders, "
    "impossible paths",
)


@pytest.fixture(autouse=True)
def _each_is_a_fault(fault: Fault) -> Iterator[None]:
    """Count a test that comes to its end: each names a file that has to be refused."""
    yield
    fault.struck()
    fault.ran()


def prepare(path: Path, *, may_create: bool = True, may_write: bool = True) -> None:
    open_database.prepare(str(path), may_create=may_create, may_write=may_write, now_ms=NOW_MS)


def refusal(path: Path, kind: type[StoreError]) -> str:
    """Return the sentence of a refusal that changed nothing, to a writer and to a reader alike."""
    before = contents(path.parent)
    with pytest.raises(kind) as to_reader:
        prepare(path, may_create=False, may_write=False)
    with pytest.raises(kind) as to_writer:
        prepare(path)
    assert contents(path.parent) == before
    assert str(path) in str(to_reader.value)
    return str(to_writer.value)


def run_and_kill(statements: str, path: Path) -> None:
    """Run statements in a process that dies without closing the database."""
    script = (
        "import os, signal, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[2], isolation_level=None)\n"
        "for statement in sys.argv[1].split(';'): connection.execute(statement)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, statements, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL


def sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "content",
    [JPEG, b"\n", b"id,topic\n1,mail\n", b"\0" * 511, b"\0" * 4096, b"SQLite format 3\0"],
    ids=["jpeg", "newline", "csv", "short zeros", "zeros", "magic alone"],
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    assert "is not a SQLite database" in refusal(path, NotAQueue)


@pytest.mark.parametrize("mode", ["delete", "wal", "persist", "truncate"])
def test_a_database_of_another_program(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "theirs.db"
    sql(path, f"PRAGMA journal_mode = {mode}", "CREATE TABLE users (name)")

    sentence = refusal(path, NotAQueue)

    assert "users" in sentence
    assert "smq init --into" in sentence


def test_a_database_of_another_program_that_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("CREATE TABLE users (name)")

    refusal(path, NotAQueue)
    connection.close()


def test_a_database_whose_tables_stand_only_in_the_wal_that_a_dead_program_left(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    run_and_kill("PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; CREATE TABLE users (name)", path)

    assert "users" in refusal(path, NotAQueue)


def test_the_same_without_its_shm(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    run_and_kill("PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; CREATE TABLE users (name)", path)
    (tmp_path / "theirs.db-shm").unlink()

    assert "users" in refusal(path, NotAQueue)


def test_a_database_of_another_program_that_died_in_a_transaction_is_not_rolled_back(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    sql(path, "CREATE TABLE users (name)")
    fill = "INSERT INTO users SELECT hex(randomblob(300)) FROM generate"
    recursive = "WITH RECURSIVE generate(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM generate LIMIT 3000)"
    run_and_kill(f"PRAGMA cache_size = 2; BEGIN; {recursive} {fill}", path)
    assert (tmp_path / "theirs.db-journal").stat().st_size > 0

    assert "users" in refusal(path, NotAQueue)


def test_an_application_that_signs_its_file_before_it_makes_tables(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    sql(path, "PRAGMA application_id = 4711", "PRAGMA user_version = 3")

    refusal(path, NotAQueue)


def test_a_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "q.sqlite3"
    prepare(path)
    sql(path, "UPDATE smq_schema SET version = 999")

    sentence = refusal(path, SchemaTooNew)

    assert "999" in sentence
    assert "upgrade" in sentence


@pytest.mark.parametrize("versions", ["", "INSERT INTO smq_schema VALUES (1), (2)"])
def test_a_schema_without_exactly_one_version(tmp_path: Path, versions: str) -> None:
    path = tmp_path / "q.sqlite3"
    prepare(path)
    sql(path, "DELETE FROM smq_schema", versions)

    refusal(path, StoreCorrupt)


def test_a_truncated_queue(tmp_path: Path) -> None:
    path = tmp_path / "q.sqlite3"
    prepare(path)
    with path.open("r+b") as file:
        file.truncate(8192)

    assert "damaged" in refusal(path, StoreCorrupt)


def test_a_missing_queue_beside_its_wal(tmp_path: Path) -> None:
    path = tmp_path / "q.sqlite3"
    prepare(path)
    run_and_kill("INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'x')", path)
    path.unlink()

    sentence = refusal(path, StoreUnavailable)

    assert "is missing, but its WAL file exists" in sentence


def test_an_emptied_queue_beside_its_wal(tmp_path: Path) -> None:
    path = tmp_path / "q.sqlite3"
    prepare(path)
    run_and_kill("INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'x')", path)
    path.write_bytes(b"")

    assert "is empty, but its WAL file exists" in refusal(path, StoreUnavailable)


def test_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()

    assert "is a folder" in refusal(path, StoreUnavailable)


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist: create it first"):
        prepare(tmp_path / "missing" / "q.sqlite3")

    assert contents(tmp_path) == {}


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(StoreUnavailable, match="a part of the path is a file"):
        prepare(tmp_path / "file" / "q.sqlite3")


def test_a_pipe_and_a_socket(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refusal(tmp_path / "pipe", NotAQueue)

    with socket.socket(socket.AF_UNIX) as server, tempfile.TemporaryDirectory() as folder:
        server.bind(f"{folder}/socket")
        refusal(Path(folder) / "socket", NotAQueue)


@pytest.mark.parametrize("path", ["a\0b", "a\ud800b"])
def test_a_path_that_is_no_text(path: str) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be the path"):
        open_database.prepare(path, may_create=True, may_write=True, now_ms=NOW_MS)


def test_a_path_that_is_too_long(tmp_path: Path) -> None:
    refusal_of = tmp_path / ("x" * 300)

    with pytest.raises(StoreUnavailable):
        prepare(refusal_of)


def test_nothing_is_made_by_who_may_not_create(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no queue at"):
        prepare(tmp_path / "q.sqlite3", may_create=False)

    assert contents(tmp_path) == {}
