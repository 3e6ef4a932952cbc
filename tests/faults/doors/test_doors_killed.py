"""The story: whoever makes or migrates a queue is killed at any write; the next one finds nothing, or all."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.store.sqlite.database import identify, open_database
from smq_core.store.sqlite.database.identify import DatabaseKind
from tests.faults.killing import every_kill

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

NOW_MS = 1_700_000_000_000


def prepare(path: Path) -> None:
    open_database.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)


def journal_mode(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


@pytest.mark.fault(
    row="a creation or migration killed at any of its disk writes",
    part="below SQLite",
    promise="existing data stays intact; the next process that opens the file completes the work",
    how="SIGKILL before the n-th write, flush, truncation or deletion, for every n (VFS)",
)
def test_a_creation_killed_at_any_write_is_finished_by_the_next_opening(tmp_path: Path, fault: Fault) -> None:
    path = tmp_path / "q.sqlite3"

    for _ in every_kill(lambda: prepare(path), lambda: empty(tmp_path)):
        fault.struck()
        prepare(path)
        fault.ran()

        assert identify.look(str(path)).kind is DatabaseKind.QUEUE
        assert [file.name for file in tmp_path.iterdir()] == ["q.sqlite3"]
    assert fault.fired > 20
    assert journal_mode(path) == "wal"


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.fault(
    row="a creation or migration killed at any of its disk writes",
    part="below SQLite",
    promise="existing data stays intact; the next process that opens the file completes the work",
    how="SIGKILL before the n-th write, flush, truncation or deletion, for every n (VFS)",
)
def test_a_killed_take_over_leaves_the_ancestors_table_or_every_message(
    tmp_path: Path, mode: str, fault: Fault
) -> None:
    origin, path = tmp_path / "origin", tmp_path / "folder" / "old.sqlite3"
    path.parent.mkdir()
    connection = sqlite3.connect(origin)
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute(
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, topic TEXT, payload TEXT, created_at REAL,"
        " available_at REAL, status TEXT, locked_until REAL)"
    )
    rows = [("mail", f"body {number} " + "x" * 400) for number in range(60)]
    connection.executemany(
        "INSERT INTO messages(topic, payload, available_at, status) VALUES (?, ?, 1, 'pending')",
        rows,
    )
    connection.commit()
    connection.close()

    def renew() -> None:
        empty(path.parent)
        shutil.copy(origin, path)

    for _ in every_kill(lambda: prepare(path), renew):
        fault.struck()
        prepare(path)
        fault.ran()

        with closing(sqlite3.connect(path)) as connection:
            assert (
                rows == connection.execute("SELECT topic, payload FROM smq_messages ORDER BY id").fetchall()
            )
    assert fault.fired > 40


def test_a_database_whose_first_transaction_was_cut_off_is_not_created_over_by_a_reader(
    tmp_path: Path,
) -> None:
    path = tmp_path / "q.sqlite3"
    seen = set()

    for _ in every_kill(lambda: prepare(path), lambda: empty(tmp_path)):
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        seen.add(identify.look(str(path)).kind)

        assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert seen == {DatabaseKind.EMPTY, DatabaseKind.UNFINISHED, DatabaseKind.QUEUE}
