from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from smq_core.errors import StoreUnavailable
from smq_core.store.sqlite.database import open_database, second_library

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


pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux shows descriptors")


def test_another_library_is_refused_before_our_first_connection(path: Path) -> None:
    prepare(path)
    with closing(sqlite3.connect(path)) as foreign:
        foreign.execute("SELECT * FROM smq_schema").fetchall()

        with pytest.raises(StoreUnavailable, match="another SQLite library"):
            second_library.refuse(str(path), 0)


def test_another_library_is_refused_when_it_comes_later_and_reads(path: Path) -> None:
    prepare(path)
    with closing(apsw.Connection(str(path))) as ours, closing(sqlite3.connect(path)) as foreign:
        ours.execute("SELECT * FROM smq_schema").fetchall()
        second_library.refuse(str(path), 1)
        foreign.execute("SELECT * FROM smq_schema").fetchall()

        with pytest.raises(StoreUnavailable, match="another SQLite library"):
            second_library.refuse(str(path), 1)


def test_another_library_is_not_seen_in_our_own_connections(path: Path) -> None:
    prepare(path)
    with closing(apsw.Connection(str(path))) as first, closing(apsw.Connection(str(path))) as second:
        first.execute("SELECT * FROM smq_schema").fetchall()
        second.execute("SELECT * FROM smq_schema").fetchall()

        second_library.refuse(str(path), 2)


def test_another_library_is_not_seen_in_other_files(path: Path) -> None:
    prepare(path)
    with closing(sqlite3.connect(path.parent / "other.db")) as foreign:
        foreign.execute("CREATE TABLE t (x)")

        second_library.refuse(str(path), 0)


def test_another_library_is_not_seen_where_there_is_no_file_yet(path: Path) -> None:
    second_library.refuse(str(path), 0)


def test_our_own_descriptor_of_the_wal_is_no_library(path: Path) -> None:
    prepare(path)
    with closing(apsw.Connection(str(path))) as elsewhere:
        elsewhere.execute("INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'x')")
        with Path(f"{path}-wal").open("rb"):
            second_library.refuse(str(path), 1)
            elsewhere.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            elsewhere.close()
            second_library.refuse(str(path), 0)
