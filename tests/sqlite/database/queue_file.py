"""Queues written by plain SQL, and what the doctor says of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from smq_core.store.sqlite.admin import doctor

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from smq_core.store.records import Finding

NOW_MS = 1_700_000_000_000


def ask(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def send(path: Path, columns: str = "", values: str = "") -> None:
    ask(
        path,
        f"INSERT INTO smq_messages(topic, payload, kind, created_at, available_at{columns})"  # noqa: S608 -- ours
        f" VALUES ('mail', 'x', 'text', {NOW_MS}, {NOW_MS}{values})",
    )


def lease(path: Path, locked_until: int, worker: str = "w1", attempts: int = 1) -> None:
    columns = ", status, locked_until, receipt, worker, attempts"
    send(path, columns, f", 'processing', {locked_until}, 5, '{worker}', {attempts}")


def examine(path: Path, ended: Collection[str] = frozenset()) -> list[Finding]:
    return list(doctor.examine(str(path), NOW_MS, ended))


def finding(path: Path, name: str) -> Finding:
    """Return the worst of what the doctor says about one thing."""
    ranks = ["ok", "notice", "warning", "error"]
    return max((one for one in examine(path) if one.name == name), key=lambda one: ranks.index(one.severity))
