from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.errors import StoreUnavailable
from smq_core.store.sqlite.database import backup, open_database

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_backup_is_a_queue_and_holds_what_was_there_when_it_began(path: Path) -> None:
    prepare(path)
    target = path.parent / "copy.sqlite3"
    ask(path, "INSERT INTO smq_messages(topic, payload) VALUES ('mail', hex(randomblob(3000000)))")

    with closing(apsw.Connection(str(path))) as source:
        steps = backup.copy(source, str(path), str(target))
        done, total = next(steps)
        ask(path, "INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'too late')")
        rest = list(steps)

    assert 0 < done < total
    assert rest[-1] == (total, total)
    assert ask(target, "SELECT count(*) FROM smq_messages") == 1
    assert target.stat().st_mode & 0o777 == 0o600
    prepare(target, may_create=False, may_write=False)
    assert {file.name for file in path.parent.iterdir()} == {"q.sqlite3", "copy.sqlite3"}


@pytest.mark.parametrize("suffix", ["", "-wal", "-journal"])
def test_a_backup_is_never_written_over_anything(path: Path, suffix: str) -> None:
    prepare(path)
    (path.parent / f"copy{suffix}").write_bytes(b"precious")

    with (
        closing(apsw.Connection(str(path))) as source,
        pytest.raises(StoreUnavailable, match="already exists"),
    ):
        list(backup.copy(source, str(path), str(path.parent / "copy")))

    assert (path.parent / f"copy{suffix}").read_bytes() == b"precious"


def test_a_backup_that_is_given_up_leaves_nothing(path: Path) -> None:
    prepare(path)
    ask(path, "INSERT INTO smq_messages(topic, payload) VALUES ('mail', hex(randomblob(3000000)))")

    with closing(apsw.Connection(str(path))) as source:
        steps = backup.copy(source, str(path), str(path.parent / "copy"))
        next(steps)
        steps.close()

    assert list(path.parent.iterdir()) == [path]


def test_backups_beside_a_file_in_the_same_second_get_a_number(path: Path) -> None:
    prepare(path)

    names = [backup.beside(str(path), "schema-1", NOW_MS) for _ in range(3)]

    first = f"{path}.schema-1-20231114T221320Z.backup"
    assert names == [first, f"{first}-2", f"{first}-3"]
