from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.errors import StoreError, StoreUnavailable
from smq_core.store.sqlite.database import identify, open_database
from smq_core.store.sqlite.database.identify import DatabaseKind

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_MS = 1_700_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "q.sqlite3"


def prepare(path: Path, *, may_create: bool = True, may_write: bool = True) -> None:
    open_database.prepare(str(path), may_create=may_create, may_write=may_write, now_ms=NOW_MS)


def ask(path: Path, statement: str) -> object:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        row = connection.execute(statement).fetchone()
    return row[0] if row else None


def test_an_applications_database_gains_a_queue_and_keeps_its_own(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 4711")
        connection.execute("PRAGMA user_version = 12")
        connection.execute("CREATE TABLE users (name TEXT)")
        connection.execute("INSERT INTO users VALUES ('ada')")
        connection.commit()

    words = open_database.create_into(str(path))

    assert "journal mode delete to WAL" in " ".join(words)
    assert ask(path, "PRAGMA application_id") == 4711
    assert ask(path, "PRAGMA user_version") == 12
    assert ask(path, "SELECT name FROM users") == "ada"
    prepare(path, may_create=False, may_write=False)
    assert identify.look(str(path)).kind is DatabaseKind.QUEUE


def test_a_queue_is_not_added_twice(path: Path) -> None:
    prepare(path)

    with pytest.raises(StoreUnavailable, match="nothing was added"):
        open_database.create_into(str(path))


def test_a_queue_is_not_added_where_a_name_of_ours_stands(path: Path) -> None:
    ask(path, "CREATE TABLE SMQ_topics (x)")
    before = path.read_bytes()

    with pytest.raises(StoreUnavailable, match="SMQ_topics"):
        open_database.create_into(str(path))

    assert path.read_bytes() == before


@pytest.mark.parametrize("make", [Path.touch, lambda _path: None], ids=["empty", "missing"])
def test_a_queue_is_not_added_to_nothing(path: Path, make: Callable[[Path], None]) -> None:
    make(path)

    with pytest.raises(StoreUnavailable, match="without --into"):
        open_database.create_into(str(path))


def test_a_queue_is_not_added_while_the_application_holds_the_database_in_its_old_mode(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smq_core.store.sqlite.driver.raw_connection.BUSY_MS", 40)
    ask(path, "CREATE TABLE users (name TEXT)")
    with closing(apsw.Connection(str(path))) as application:
        application.execute("BEGIN")
        application.execute("SELECT * FROM users").fetchall()

        with pytest.raises(StoreError, match="in use by another program"):
            open_database.create_into(str(path))

    assert ask(path, "SELECT count(*) FROM sqlite_schema") == 1
