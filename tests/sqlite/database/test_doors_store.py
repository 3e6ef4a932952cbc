from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import StoreUnavailable
from smq_core.store import open_store
from smq_core.store.records import NewMessage

if TYPE_CHECKING:
    from pathlib import Path

NOW_MS = 1_700_000_000_000
MESSAGE = NewMessage(topic="mail", body="x", kind="text", available_at=NOW_MS)


def test_a_store_works_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere" / "q.sqlite3")

    store = open_store(link)
    first = store.enqueue(MESSAGE, NOW_MS)
    store.close()

    assert first == 1
    assert {file.name for file in tmp_path.iterdir()} == {"link", "elsewhere"}


def test_a_refused_second_library_does_not_cost_the_first_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "q.sqlite3"
    store = open_store(path)
    store.enqueue(MESSAGE, NOW_MS)
    store.close()
    other_process = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('DELETE FROM smq_messages')"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as application:
        application.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable, match="another SQLite library"):
            store.enqueue(MESSAGE, NOW_MS)

        tried = subprocess.run(
            [sys.executable, "-c", other_process, str(path)], capture_output=True, text=True, check=False
        )
        assert "database is locked" in tried.stderr


def test_a_queue_in_a_path_that_is_no_text_cannot_be_opened() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be the path"):
        open_store("a\0b")
