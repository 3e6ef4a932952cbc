"""Adds messages: one, or a batch written by array. A held key adds nothing and answers its holder."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import apsw

from smq_core.errors import StoreError
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.store.records import Batch, NewMessage

__all__ = ["Producing", "Values"]

Values = tuple[str | bytes | int | None, ...]
"""What is bound to a statement that adds one message."""

_INSERT = query("insert_message")
_INSERT_KEYED = query("insert_keyed_message")
_INSERT_RUN = query("insert_run")
_FIND_BY_KEY = query("find_by_key")


class Producing(Session):
    """The producers' part of the store."""

    def enqueue(self, message: NewMessage, now_ms: int) -> int:
        """Add one message, durable.

        Where its key is held, answer the holder's id, durable too: its enqueue may not have returned yet.
        """
        status = "ready" if message.available_at <= now_ms else "delayed"
        values = (
            message.topic,
            message.kind,
            status,
            message.priority,
            now_ms,
            message.available_at,
            message.max_attempts,
            message.headers,
            message.body,
        )
        if message.key is not None:
            return self._write_durably(lambda db: _insert_keyed(db, (*values, message.key)))
        return self._run(_INSERT, values, apsw.Connection.last_insert_rowid, is_durable=self._flushes)

    def enqueue_many(self, batch: Batch, now_ms: int) -> list[int]:
        """Add all of a batch or none, durable; ids in the order of the bodies."""
        if not batch.bodies:
            return []
        work = _insert_runs if batch.keys is None else _insert_each
        return self._write_durably(lambda db: work(db, batch, now_ms))


def _insert(db: apsw.Connection, values: Values) -> int:
    db.execute(_INSERT, values)
    return db.last_insert_rowid()


def _insert_keyed(db: apsw.Connection, values: Values) -> int:
    db.execute(_INSERT_KEYED, values)
    if db.changes():
        return db.last_insert_rowid()
    holder: int = db.execute(_FIND_BY_KEY, (values[0], values[-1])).get
    return holder


def _insert_runs(db: apsw.Connection, batch: Batch, now_ms: int) -> list[int]:
    """Insert runs of the same kind, since an array is of one type."""
    ids: list[int] = []
    start = 0
    for kind, run in groupby(batch.kinds):
        end = start + sum(1 for _ in run)
        bodies = batch.bodies[start:end]
        insert = _insert_one_by_one if kind == "text" and _has_nul(bodies) else _insert_array
        ids += insert(db, _shared(batch, kind, now_ms), bodies)
        start = end
    return ids


def _insert_array(db: apsw.Connection, shared: Values, bodies: Sequence[str | bytes]) -> range:
    """Insert bodies by one statement; their ids are consecutive, as we hold the write lock."""
    db.execute(_INSERT_RUN, (*shared, apsw.carray(tuple(bodies))))
    last = db.last_insert_rowid()
    return range(last - len(bodies) + 1, last + 1)


def _insert_one_by_one(db: apsw.Connection, shared: Values, bodies: Sequence[str | bytes]) -> list[int]:
    return [_insert(db, (*shared, body)) for body in bodies]


def _has_nul(bodies: Sequence[str | bytes]) -> bool:
    """Say whether a text has a NUL character, at which the texts of an array end."""
    return "\x00" in "".join(body for body in bodies if isinstance(body, str))


def _insert_each(db: apsw.Connection, batch: Batch, now_ms: int) -> list[int]:
    if batch.keys is None or len(batch.keys) != len(batch.bodies):
        raise StoreError("a batch has one key for each payload, or none at all")
    ids = []
    for body, kind, key in zip(batch.bodies, batch.kinds, batch.keys, strict=True):
        values = (*_shared(batch, kind, now_ms), body)
        ids.append(_insert(db, values) if key is None else _insert_keyed(db, (*values, key)))
    return ids


def _shared(batch: Batch, kind: str, now_ms: int) -> Values:
    status = "ready" if batch.available_at <= now_ms else "delayed"
    return (
        batch.topic,
        kind,
        status,
        batch.priority,
        now_ms,
        batch.available_at,
        batch.max_attempts,
        batch.headers,
    )
