"""The bare loop in Python: the C loop's statements on the C loop's table, through apsw."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import apsw

from benchmarks.contender import TOPIC, Contender, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Bare"]

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS m(
      id INTEGER PRIMARY KEY, topic TEXT NOT NULL, state INTEGER NOT NULL, lease_until INTEGER,
      payload TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS ready ON m(topic, id) WHERE state = 0;
    CREATE INDEX IF NOT EXISTS leased ON m(lease_until) WHERE state = 1;
"""
_PUT = "INSERT INTO m(topic, state, payload) VALUES (?, 0, ?)"
_LEASE = """
    UPDATE m SET state = 1, lease_until = ?
    WHERE id = (SELECT id FROM m WHERE topic = ? AND state = 0 ORDER BY id LIMIT 1)
    RETURNING id, payload
"""
_READY = "SELECT id, payload FROM m WHERE topic = ? AND state = 0 ORDER BY id LIMIT ?"
_MARK = "UPDATE m SET state = 1, lease_until = ? WHERE id = ?"
_ACK = "DELETE FROM m WHERE id = ?"
_LOOK_EVERY_S = 0.001
_UNTIL = 1_800_000_000_000


class Bare(Contender):
    """Synchronous FULL unless the mode is normal."""

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the database and make the table."""
        self._synchronous = "NORMAL" if mode == "normal" else "FULL"
        self._db = apsw.Connection(f"{folder}/bare.sqlite3")
        self._db.set_busy_timeout(10_000)
        self._db.execute(
            f"PRAGMA journal_mode = WAL; PRAGMA temp_store = MEMORY; PRAGMA synchronous = {self._synchronous}"
        ).fetchall()
        self._db.execute(_SCHEMA).fetchall()

    def put(self, payload: object) -> object:
        """Add a message."""
        return self._db.execute(_PUT, (TOPIC, payload))

    def put_many(self, payloads: Sequence[object]) -> object:
        """Add messages in one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(_PUT, ((TOPIC, payload) for payload in payloads))
        return self._db.execute("COMMIT")

    def take(self) -> object | None:
        """Lease the next row."""
        rows = self._db.execute(_LEASE, (_UNTIL, TOPIC)).fetchall()
        return rows[0] if rows else None

    def finish(self, taken: object) -> None:
        """Delete the row."""
        assert isinstance(taken, tuple)
        self._db.execute(_ACK, taken[:1])

    def exchange(self, taken: object | None) -> object | None:
        """Delete the row and lease the next in one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        if taken is not None:
            self.finish(taken)
        following = self.take()
        self._db.execute("COMMIT")
        return following

    def take_many(self, limit: int) -> Sequence[object]:
        """Lease the next rows."""
        self._db.execute("BEGIN IMMEDIATE")
        rows = self._db.execute(_READY, (TOPIC, limit)).fetchall()
        self._db.executemany(_MARK, [(_UNTIL, row[0]) for row in rows])
        self._db.execute("COMMIT")
        return rows

    def finish_many(self, taken: Sequence[object]) -> None:
        """Delete the rows."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(_ACK, [row[:1] for row in taken if isinstance(row, tuple)])
        self._db.execute("COMMIT")

    def payload(self, taken: object) -> object:
        """Return the payload."""
        assert isinstance(taken, tuple)
        return taken[1]

    def serve(self, handler: Callable[[object], object]) -> None:
        """Look every millisecond whether something was committed: what a hand-written loop does."""
        seen = None
        while True:
            taken = self.take() if seen != (version := self._db.pragma("data_version")) else None
            if taken is None:
                seen = version
                time.sleep(_LOOK_EVERY_S)
            else:
                handler(self.payload(taken))
                self.finish(taken)

    def depth(self) -> int:
        """Count the ready rows."""
        count = self._db.execute("SELECT count(*) FROM m WHERE topic = ? AND state = 0", (TOPIC,)).get
        assert isinstance(count, int)
        return count

    def settings(self) -> dict[str, str]:
        """Return the modes of the connection."""
        return {"version": apsw.sqlite_lib_version(), "journal": "wal", "synchronous": self._synchronous}

    def close(self) -> None:
        """Close the database."""
        self._db.close()
