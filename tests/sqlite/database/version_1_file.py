"""A queue as smq made it with schema 1, from a dump: messages of every state, and what belongs to them.

The dump was written by that smq, with its clock at `NOW_MS`; what stands in it is told here by name.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

__all__ = ["IDS", "NOW_MS", "RECEIPT", "fill_version_1", "make_version_1"]

NOW_MS: Final = 1_700_000_000_000
IDS: Final = {
    "ready": 1,
    "text": 2,
    "bytes": 3,
    "delayed": 4,
    "done": 5,
    "dead": 6,
    "deleted": 7,
    "moved": 8,
    "edited": 9,
    "acked": 10,
    "running": 11,
    "auto": 12,
}
"""Of the messages, by what is remarkable about them; the one that was acked is gone."""
RECEIPT: Final = 8469216845598671736
"""Of the lease on the message that is running."""
_DUMP: Final = Path(__file__).with_name("version_1.sql")


def make_version_1(path: Path) -> None:
    """Lay the queue at a path, in WAL mode and at rest."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 2048")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.executescript(_DUMP.read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id = {0x736D7131}")
        connection.execute("PRAGMA journal_mode = WAL")
    path.chmod(0o600)


def fill_version_1(path: Path, bodies: list[str]) -> None:
    """Lay a queue of schema 1 at a path that holds these messages and no others."""
    make_version_1(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("DELETE FROM smq_messages")
        rows = [("mail", body) for body in bodies]
        connection.executemany("INSERT INTO smq_messages(topic, payload) VALUES (?, ?)", rows)
        connection.execute("COMMIT")
