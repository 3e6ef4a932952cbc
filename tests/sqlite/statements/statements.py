"""A small table of messages in every state, on which single statements are run without the code around them.

Two topics hold the same: `mail`, whose pause is over and which keeps no history, and `post`, which is paused
and keeps some. The ids of `post` are those of `mail` and a hundred more.
"""

# ruff: noqa: S608 - statements of our own
from __future__ import annotations

import re
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw

from smq_core.store.sqlite.database import migrate
from smq_core.store.sqlite.queries import statements
from smq_core.store.sqlite.queue.lease import HORIZON_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

STATEMENTS = {**statements("smq_core.store.sqlite.queries"), **statements("smq_core.legacy")}
NOW = 1_700_000_000_000
HORIZON = NOW + HORIZON_MS
READY, URGENT, DUE, LATER, LEASED, EXPIRED, DEAD, DONE, DELETED, RECLAIMED, ABSURD = range(1, 12)
POST = 100
ALL = range(READY, ABSURD + 1)
COLUMNS = (
    *("id", "status", "priority", "available_at", "locked_until", "receipt", "worker", "attempts"),
    *("deliveries", "finished_at", "error_kind", "operation", "max_attempts"),
)
FINISHED = NOW - 2_000
MESSAGES: tuple[tuple[object, ...], ...] = (
    (READY, "ready", 0, NOW - 9, None, None, None, 0, 0, None, None, 7, None),
    (URGENT, "ready", 5, NOW - 8, None, None, None, 0, 0, None, None, None, None),
    (DUE, "delayed", 0, NOW - 7, None, None, None, 1, 1, None, None, None, None),
    (LATER, "delayed", 0, NOW + 7, None, None, None, 1, 1, None, None, 7, None),
    (LEASED, "processing", 0, NOW - 6, NOW + 60_000, 55, "w1", 1, 1, None, None, None, None),
    (EXPIRED, "processing", 0, NOW - 5, NOW - 1, 56, "w2", 1, 1, None, None, None, None),
    (DEAD, "dead", 9, NOW - 99, None, 57, None, 1, 1, FINISHED, "boom", 7, None),
    (DONE, "done", 0, NOW - 98, None, None, None, 1, 1, FINISHED, None, None, None),
    (DELETED, "deleted", 0, NOW - 97, None, None, None, 1, 1, FINISHED, None, 7, None),
    (RECLAIMED, "ready", 0, NOW - 4, None, 60, "w1", 1, 1, None, None, None, None),
    (ABSURD, "processing", 0, NOW - 3, HORIZON + 1, 61, "w3", 1, 1, None, None, None, None),
)
KEYS = {"smq_undo": 2, "smq_samples": 3}
"""How many columns, the first ones, tell a table's rows apart, where it is more than one."""
SETTINGS = f"""
    INSERT INTO smq_policies(topic, max_attempts, visibility_ms, keep_ms)
    VALUES ('mail', 1, 5, 0), ('post', 9, 6, 1000);
    INSERT INTO smq_pauses(topic, reason, paused_by, paused_at, paused_until)
    VALUES ('mail', '', 'ann', 1, {NOW - 1}), ('post', '', 'ann', 1, {NOW + 1_000});
"""


class Table:
    """The table, in memory."""

    def __init__(self) -> None:
        self.db = apsw.Connection(":memory:")
        # a statement that would never end is ended
        self.db.set_progress_handler(_Patience(), 10_000)
        migrate.run(self.db, 0)
        self.db.execute(SETTINGS)
        for topic, more in (("mail", 0), ("post", POST)):
            for message in MESSAGES:
                self.add(topic, message, more)

    def add(self, topic: str, message: tuple[object, ...], more: int = 0) -> None:
        """Add a message by the values of its columns."""
        values = dict(zip(COLUMNS, message, strict=True))
        values |= {
            "id": int(str(values["id"])) + more,
            "topic": topic,
            "payload": "x",
            "kind": "text",
            "created_at": NOW,
        }
        names = ", ".join(values)
        self.db.execute(
            f"INSERT INTO smq_messages({names}) VALUES ({', '.join('?' * len(values))})",
            tuple(values.values()),
        )

    def answer(self, name: str, /, **values: object) -> list[tuple[object, ...]]:
        """Run a statement and return its rows; what is not given is bound as NULL, a list as an array."""
        sql = STATEMENTS[name].sql
        bound = {
            key: _bound(value) for key, value in (dict.fromkeys(re.findall(r":(\w+)", sql)) | values).items()
        }
        return list(self.db.execute(sql, bound))

    def ids(self, name: str, /, **values: object) -> list[object]:
        """Run a statement and return the first column."""
        return [row[0] for row in self.answer(name, **values)]

    def touched(self, name: str, table: str = "smq_messages", /, **values: object) -> set[object]:
        """Run a statement, answer which rows of a table it changed, added or removed, and take it back."""
        with _taken_back(self.db):
            before = self._rows(table)
            self.answer(name, **values)
            after = self._rows(table)
        return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}

    def _rows(self, table: str) -> dict[object, tuple[object, ...]]:
        width = KEYS.get(table, 1)
        rows = self.db.execute(f"SELECT * FROM {table}")
        return {row[0] if width == 1 else row[:width]: row for row in rows}


class _Patience:
    """Ends what SQLite does after so many steps as nothing on this table takes."""

    def __init__(self) -> None:
        self.left = 200

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@contextmanager
def _taken_back(db: apsw.Connection) -> Iterator[None]:
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def _bound(value: object) -> object:
    return apsw.carray(array("q", value)) if isinstance(value, list) else value
