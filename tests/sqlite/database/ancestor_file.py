"""Databases as the ancestor left them, and what a take-over makes of them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from smq_core.store.sqlite.database import open_database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from smq_core.states import State

NOW_MS = 1_700_000_000_000
TABLE = (
    "CREATE TABLE {name} (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload TEXT,"
    " created_at REAL, available_at REAL, status TEXT DEFAULT 'pending', locked_until REAL)"
)
UNTYPED = "CREATE TABLE {name} (id, topic, payload, created_at, available_at, status, locked_until)"


class Taken(NamedTuple):
    """A row of smq_messages."""

    id: int
    topic: str
    status: str
    kind: str
    created_at: int
    available_at: int
    locked_until: int | None
    receipt: int | None
    attempts: int
    deliveries: int
    headers: str | None
    last_error: str | None
    error_kind: str | None
    finished_at: int | None
    payload: str | bytes


def fill(
    path: Path, rows: Sequence[Mapping[str, object]], *, table: str = TABLE, name: str = "messages"
) -> None:
    """Make an ancestor's database; what a row does not say is a pending message of the topic mail."""
    usual = {"topic": "mail", "payload": "x", "created_at": 1.0, "available_at": 1.0, "status": "pending"}
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(table.format(name=name))
        for row in rows:
            whole = usual | dict(row)
            marks = ", ".join("?" * len(whole))
            connection.execute(
                f"INSERT INTO {name}({', '.join(whole)}) VALUES ({marks})",  # noqa: S608 -- our own names
                list(whole.values()),
            )
        connection.commit()


def take_over(path: Path, words: Mapping[str, State] | None = None) -> list[Taken]:
    open_database.prepare(str(path), may_create=False, may_write=True, now_ms=NOW_MS, words=words or {})
    return taken(path)


def taken(path: Path) -> list[Taken]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"SELECT {', '.join(Taken._fields)} FROM smq_messages ORDER BY id")  # noqa: S608 -- names of this test
        return [Taken._make(row) for row in rows]


def take_one(path: Path, row: dict[str, object], table: str = UNTYPED) -> Taken:
    fill(path, [{"id": 7} | row], table=table)
    (message,) = take_over(path)
    return message


def headers(message: Taken) -> dict[str, str]:
    found: dict[str, str] = json.loads(message.headers or "{}")
    return found
