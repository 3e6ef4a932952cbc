"""A handler may use the queue's own file: through Python's sqlite3, for tables of its own and to enqueue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow

CODE = """
    import sqlite3, threading
    local = threading.local()
    def connection():
        if not hasattr(local, "db"):
            local.db = sqlite3.connect("queue.sqlite3", timeout=30)
            local.db.execute("PRAGMA wal_autocheckpoint = 0")
        return local.db
    def handle(message):
        with connection() as db:
            db.execute("INSERT INTO app_seen(id) VALUES (?)", (message.id,))
            if message.topic == "first":
                row = ("second", str(message.payload))
                db.execute("INSERT INTO smq_messages(topic, payload) VALUES (?, ?)", row)
"""


@pytest.mark.fault(
    row="handlers that write to the queue's own file through another SQLite library",
    part="workers",
    promise="nothing is lost or duplicated, and the file is undamaged",
    how="800 messages whose handlers insert rows and enqueue messages through Python's sqlite3",
)
def test_handlers_that_write_to_the_queue_s_own_file_lose_nothing(tmp_path: Path, fault: Fault) -> None:
    with Queue(tmp_path / "queue.sqlite3") as queue:
        with queue.transaction() as transaction:
            transaction.execute("CREATE TABLE app_seen(id INTEGER PRIMARY KEY)")
        queue.enqueue_many("first", [*range(800)])

        handlers = ("--handler", "first=handlers:handle", "--handler", "second=handlers:handle")
        with Daemon(
            tmp_path, *handlers, "--processes", "2", "--threads", "2", "--burst", code=CODE
        ) as daemon:
            assert daemon.end() == 0, daemon.lines[-5:]

        assert (queue.size("first"), queue.size("second")) == (0, 0)
        with queue.transaction() as transaction:
            assert transaction.execute("SELECT count(*) FROM app_seen") == [(1600,)]
            assert transaction.execute("PRAGMA integrity_check") == [("ok",)]
    fault.struck(1600)
    fault.ran()
