"""Rows as no program of ours writes them: drawn by chance for any table, within its rules or beside them.

It stores them as a program with a SQLite of its own does; what such a program is refused is not stored.
"""

# ruff: noqa: S608 - names of our own tables and columns
from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final, TypeAlias

import apsw

from smq_core.testing import EPOCH_MS

if TYPE_CHECKING:
    import random
    from collections.abc import Collection, Sequence

__all__ = ["NUMBERS", "TABLES", "TEXTS", "OddWriter"]

Value: TypeAlias = "int | bytes | str | None"
TABLES: Final = (
    "smq_messages",
    "smq_topics",
    "smq_attempts",
    "smq_policies",
    "smq_pauses",
    "smq_operations",
    "smq_undo",
    "smq_imports",
    "smq_workers",
    "smq_samples",
)
NUMBERS: Final = (
    *(-(2**63), -(2**53), -101, -1, 0, 1, 2, 3, 101, 1_000, 2**31, 2**32, 2**53, 2**63 - 2, 2**63 - 1),
    *(EPOCH_MS // 1000, EPOCH_MS - 1, EPOCH_MS, EPOCH_MS + 1, EPOCH_MS + 10**12),
)
TEXTS: Final = (
    b"",
    b"mail",
    b"post",
    b"\xff",
    b"mail\xff",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\xf4\x90\x80\x80",
    b"a\x00b",
    b" mail ",
    b"a=b*c,d",
    b"\x1b[31m\x1b]0;title\x07",
    "\u202e\u0000\u009b\U0001f600".encode(),
    b"x" * 100_000,
    b"line\n" * 2_000,
    b'{"a": "b"}',
    b'{"a": 1, "b": [null, {"c": true}]}',
    b'{"a": "\\ud800"}',
    b'{"a": "\xff"}',
    b'{"topics": 5, "running": {"id": 1}, "processes": [1, null], "rate": "fast", "memory": -1e300}',
    b'{"topics": ["*", 7, null], "running": [{"id": [], "topic": 3, "since": 1e18}, 5], "processed": 1e300}',
    b'{"threads": -9223372036854775808, "condition": {"a": []}, "crashes": true, "failed": 9999999999999999}',
    b"[]",
    b"[1, 2, 3, 4, 5, 6]",
    b'["a", "b", "c", 99999999999999999999]',
    b"null",
    b"{",
    b'"half',
    b"-0",
    b"1e999",
    b"9" * 400,
    b"[" * 5_000 + b"]" * 5_000,
    b'{"a":' * 500 + b"1" + b"}" * 500,
    b"2s:x2:1h",
    b"1e308s:x1000:100d",
    *(b"ready", b"processing", b"delayed", b"dead", b"done", b"deleted", b"json", b"text", b"bytes", b"auto"),
    *(b"running", b"quiet", b"stopping", b"stop", b"requeue", b"pause", b"policy", b"undo"),
)
_SANE: Final[dict[str, dict[str, Value]]] = {
    "smq_messages": {"topic": b"mail", "payload": b"hello"},
    "smq_topics": {"topic": b"post"},
    "smq_attempts": {
        "message_id": 1,
        "attempt": 1,
        "failed_at": EPOCH_MS,
        "outcome": b"requeue",
        "error": b"boom",
    },
    "smq_policies": {"topic": b"mail", "keep_ms": 1_000},
    "smq_pauses": {"topic": b"post", "reason": b"why", "paused_by": b"ann", "paused_at": EPOCH_MS},
    "smq_operations": {"at": EPOCH_MS, "actor": b"ann", "action": b"requeue", "topic": b"mail"},
    "smq_undo": {
        "operation": 1,
        "message_id": 4,
        "status": b"dead",
        "status_after": b"ready",
        "deliveries": 0,
        "topic": b"mail",
        "kind": b"text",
        "priority": 0,
        "available_at": EPOCH_MS,
        "attempts": 0,
    },
    "smq_imports": {
        "source": b"lines.jsonl",
        "started_at": EPOCH_MS,
        "bytes_taken": 5,
        "device": 1,
        "inode": 2,
    },
    "smq_workers": {
        "id": b"w1",
        "host": b"host",
        "pid": 4_711,
        "version": b"1",
        "state": b"running",
        "started_at": EPOCH_MS,
        "heartbeat_at": EPOCH_MS,
        "detail": b'{"topics": ["mail"]}',
    },
    "smq_samples": {
        "step_ms": 10_000,
        "at": EPOCH_MS,
        "topic": b"mail",
        "entered": 1,
        "finished": 0,
        "depth": 1,
    },
}
"""Rows as they might be, each of which is stored with some columns changed."""
_WORDS: Final = {
    "status": (b"ready", b"processing", b"delayed", b"dead", b"done", b"deleted"),
    "kind": (b"json", b"text", b"bytes", b"auto"),
    "state": (b"running", b"quiet", b"stopping"),
    "command": (b"quiet", b"resume", b"stop"),
    "action": (b"pause", b"resume", b"policy", b"delete", b"edit", b"import", b"undo"),
    "topic": (b"mail", b"post"),
    "operation": (1, 2),
    "step_ms": (600_000,),
    "pid": (-1, 0, 1, 2**31, 2**40),
}
"""What a column that is changed holds now and then, so that its row gets far enough."""


class OddWriter:
    """A foreign program that writes whatever chance says."""

    def __init__(self, location: str, chance: random.Random, spared: Collection[int] = ()) -> None:
        """Write to a database, but never to the messages that are `spared`."""
        self._location = location
        self._chance = chance
        self._spared = ", ".join(map(str, spared)) or "0"
        self.stored = 0
        """Rows that were written."""

    def write(self, rows: int, tables: tuple[str, ...] = TABLES) -> None:
        """Store up to some rows, in tables that chance picks."""
        with closing(apsw.Connection(self._location)) as db:
            for _ in range(rows):
                self._write(db, self._chance.choice(tables))

    def change(self, rows: int, tables: tuple[str, ...] = TABLES) -> None:
        """Change columns of up to some rows that are there."""
        with closing(apsw.Connection(self._location)) as db:
            for _ in range(rows):
                table = self._chance.choice(tables)
                columns = [one for one in _columns(db, table) if one[0] != "id"]
                name, kind = self._chance.choice(columns)
                key = "rowid" if table not in _WITHOUT_ROWID else _columns(db, table)[0][0]
                cast, value = self._value(name, kind)
                spared = f"WHERE id NOT IN ({self._spared})" if table == "smq_messages" else ""
                place = f"ORDER BY {key} LIMIT 1 OFFSET {self._chance.randrange(4)}"
                picked = f"SELECT {key} FROM {table} {spared} {place}"
                self._try(db, f"UPDATE {table} SET {name} = {cast} WHERE {key} = ({picked})", [value])

    def _write(self, db: apsw.Connection, table: str) -> None:
        row: dict[str, tuple[str, Value]] = {
            name: ("CAST(? AS TEXT)" if isinstance(one, bytes) else "?", one)
            for name, one in _SANE[table].items()
        }
        if table == "smq_messages" and self._chance.random() < _KINDLY:
            # such as smq itself writes, which the trigger for plain SQL does not look at
            row["kind"] = ("?", self._chance.choice(("json", "text", "bytes")))
        columns = [one for one in _columns(db, table) if one[0] != "id" or table != "smq_messages"]
        for name, kind in self._chance.sample(columns, self._chance.randint(1, 3)):
            row[name] = self._value(name, kind)
        if self._chance.random() < _HELD and table == "smq_messages":
            row |= {"status": ("?", "processing"), "locked_until": ("?", EPOCH_MS + 9), "receipt": ("?", 7)}
        values = ", ".join(cast for cast, _ in row.values())
        self._try(
            db,
            f"INSERT INTO {table}({', '.join(row)}) VALUES ({values})",
            [value for _, value in row.values()],
        )

    def _try(self, db: apsw.Connection, sql: str, values: Sequence[Value]) -> None:
        """Run a statement under the rules that chance picks."""
        beside = self._chance.random()
        if beside < 0.4:
            db.execute("PRAGMA ignore_check_constraints = ON")
        if 0.3 < beside < 0.5:
            # the way around the check of topics' names
            db.execute("INSERT OR IGNORE INTO smq_counted(id) VALUES (1)")
        if beside < _WITHOUT_TRIGGERS:
            db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        before = db.total_changes()
        try:
            db.execute(sql, values)
        except (apsw.ConstraintError, apsw.MismatchError, apsw.SQLError, apsw.FullError):
            return
        finally:
            self.stored += db.total_changes() > before
            db.execute("PRAGMA ignore_check_constraints = OFF")
            db.execute("DELETE FROM smq_counted")
            db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 1)

    def _value(self, name: str, kind: str) -> tuple[str, Value]:
        """Draw a value, and how it is bound."""
        chance = self._chance
        if chance.random() < _MISSING:
            return "?", None
        if kind == "ANY":
            return chance.choice(("?", "CAST(? AS TEXT)")), chance.choice(TEXTS)
        if name in _WORDS and chance.random() < _KINDLY:
            word = chance.choice(_WORDS[name])
            return ("CAST(? AS TEXT)" if isinstance(word, bytes) else "?"), word
        return ("CAST(? AS TEXT)", chance.choice(TEXTS)) if kind == "TEXT" else ("?", chance.choice(NUMBERS))


_WITHOUT_TRIGGERS: Final = 0.15
_KINDLY: Final = 0.6
_HELD: Final = 0.15
_MISSING: Final = 0.1
_WITHOUT_ROWID: Final = frozenset(
    ("smq_topics", "smq_policies", "smq_pauses", "smq_undo", "smq_workers", "smq_samples")
)


def _columns(db: apsw.Connection, table: str) -> list[tuple[str, str]]:
    return [(str(row[1]), str(row[2])) for row in db.execute(f"PRAGMA table_info({table})")]
