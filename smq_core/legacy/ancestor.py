"""Takes over a database with the ancestor's table alone: every message, in one transaction, after a backup.

Killed on the way, it leaves the old table whole. Which words and values mean what, `ancestor_values` says.
"""

from __future__ import annotations

import itertools
import logging
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.errors import StoreCorrupt, StoreUnavailable
from smq_core.legacy.ancestor_values import (
    WORDS,
    Value,
    body_of,
    legal_topic,
    shown,
    time_ms,
    word_of,
)
from smq_core.payload import HEADERS_LIMIT, encode_headers
from smq_core.states import State
from smq_core.store.sqlite.database import backup, identify, migrate
from smq_core.store.sqlite.database.peek import glance, surroundings
from smq_core.store.sqlite.driver.raw_connection import connect, exclusive, translated
from smq_core.store.sqlite.queries import statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import apsw

__all__ = ["take_over"]

_SQL: Final = statements("smq_core.legacy")
_WORDS: Final = _SQL["ancestor_words"].sql
_RENAME: Final = _SQL["ancestor_rename"].sql
_TOPICS: Final = _SQL["ancestor_topics"].sql
_LAST_ID: Final = _SQL["ancestor_last_id"].sql
_ROWS: Final = _SQL["ancestor_rows"].sql
_INSERT: Final = _SQL["ancestor_insert"].sql
_FORGET_SEQUENCE: Final = _SQL["ancestor_forget_sequence"].sql
_SET_SEQUENCE: Final = _SQL["ancestor_set_sequence"].sql
_COUNT: Final = _SQL["ancestor_count"].sql
_DROP: Final = _SQL["ancestor_drop"].sql

_NOBODYS_RECEIPT: Final = -1
"""Receipts are never negative, so that nobody holds this one."""
_log: Final = logging.getLogger(__name__)


class _Row(NamedTuple):
    """A message as the ancestor stored it."""

    id: Value
    topic: Value
    payload: Value
    status: Value
    created_at: Value
    available_at: Value
    locked_until: Value


class _Plan(NamedTuple):
    """What is the same for all messages of a migration."""

    codec: str
    states: Mapping[str, State]
    topics: Mapping[Value, str]
    new_ids: Iterator[int]
    now_ms: int


def take_over(path: str, now_ms: int, words: Mapping[str, State]) -> None:
    """Migrate an ancestor's database; who comes second finds it done.

    Raises:
        StoreUnavailable: a status word is not known; the sentence lists the words found and how to map them.
        StoreError: it cannot be backed up or written; it is then as it was.
    """
    states = {word: state for state, known in WORDS.items() for word in known.split()}
    states |= {word_of(word): state for word, state in words.items()}
    with glance(path, surroundings(path)) as opened:
        _refuse_unknown_words(opened.connection, path, states)
    with translated(path), closing(connect(path)) as connection, exclusive(connection):
        if identify.look_within(connection, path).kind is not identify.DatabaseKind.ANCESTOR:
            return
        _refuse_unknown_words(connection, path, states)
        kept = backup.beside(path, "ancestor", now_ms)
        count = _migrate(connection, path, now_ms, states)
    _log.warning(
        "%s: %d messages of smq's predecessor were migrated; the original file is in %s", path, count, kept
    )


def _refuse_unknown_words(connection: apsw.Connection, path: str, states: Mapping[str, State]) -> None:
    found = identify.look_within(connection, path)
    if found.kind is not identify.DatabaseKind.ANCESTOR:
        return
    codec = _codec(connection)
    rows = connection.execute(_named(_WORDS, found.tables[0])).fetchall()
    counts = [(word_of(_value(codec, kind, raw)), number) for kind, raw, number in rows]
    if unknown := [word for word, _ in counts if word not in states]:
        listed = ", ".join(f"{word!r} ({number:,})" for word, number in counts)
        raise StoreUnavailable(
            f"{path} contains the messages of smq's predecessor, with unknown status words: "
            f"{', '.join(map(repr, unknown))}. Nothing was changed. All words found: {listed}. Map them to "
            f"states with `smq init --map '{unknown[0]}=STATE'`, one --map for each; STATE is ready, "
            "processing, dead, done or deleted"
        )


def _migrate(connection: apsw.Connection, path: str, now_ms: int, states: Mapping[str, State]) -> int:
    table = identify.look_within(connection, path).tables[0]
    # views over the table, and such that are broken already, do not stop the renaming
    connection.execute("PRAGMA legacy_alter_table = ON")
    connection.execute(_named(_RENAME, table))
    migrate.run(connection, 0)
    codec = _codec(connection)
    topics = _legal_topics(_value(codec, kind, raw) for kind, raw in connection.execute(_TOPICS).fetchall())
    last = connection.execute(_LAST_ID).get
    if not isinstance(last, int):
        raise StoreCorrupt(f"{path}: the highest id is {last!r}: nothing was changed")
    plan = _Plan(codec, states, topics, itertools.count(last + 1), now_ms)
    connection.executemany(_INSERT, _parameters(connection, plan))
    connection.execute(_FORGET_SEQUENCE)
    connection.execute(_SET_SEQUENCE, (next(plan.new_ids) - 1,))
    before, after = connection.execute(_COUNT).fetchall()[0]
    if before != after:
        raise StoreCorrupt(
            f"{path}: only {after} of {before} messages could be migrated: nothing was changed"
        )
    connection.execute(_DROP)
    return int(after)  # type: ignore[arg-type]  # a count


def _legal_topics(topics: Iterator[Value]) -> dict[Value, str]:
    """Map every topic to a legal one; two that would become one are told apart by a number."""
    found = sorted(set(topics), key=lambda topic: (legal_topic(topic) != topic, shown(topic)))
    legal: dict[Value, str] = {}
    taken: set[str] = set()
    for topic in found:
        name = base = legal_topic(topic)
        for number in itertools.count(2):
            if name not in taken:
                break
            suffix = f"-{number}"
            name = base.encode()[: 200 - len(suffix)].decode(errors="ignore").strip() + suffix
        taken.add(name)
        legal[topic] = name
    return legal


def _parameters(connection: apsw.Connection, plan: _Plan) -> Iterator[dict[str, Value]]:
    before: Value = None
    for raw in connection.execute(_ROWS):
        values = [_value(plan.codec, kind, value) for kind, value in zip(raw[::2], raw[1::2], strict=True)]
        row = _Row(*values)
        has_own_id = isinstance(row.id, int) and row.id != before
        before = row.id
        yield _parameters_of(row, plan, row.id if has_own_id else next(plan.new_ids))


def _parameters_of(row: _Row, plan: _Plan, new_id: Value) -> dict[str, Value]:
    now_ms = plan.now_ms
    state = plan.states[word_of(row.status)]
    created = time_ms(row.created_at)
    available = time_ms(row.available_at)
    first = next((moment for moment in (created, available) if moment is not None), now_ms)
    available_at = first if available is None else available
    if state is State.READY and available_at > now_ms:
        state = State.DELAYED
    is_processing, is_dead = state is State.PROCESSING, state is State.DEAD
    body, kind = body_of(row.payload)
    return {
        "id": new_id,
        "topic": plan.topics[row.topic],
        "status": state.value,
        "kind": kind,
        "created_at": first,
        "available_at": available_at,
        "locked_until": min(time_ms(row.locked_until) or 0, now_ms - 1) if is_processing else None,
        "receipt": _NOBODYS_RECEIPT if is_processing else None,
        "attempts": int(is_processing),
        "headers": _originals(row, plan, new_id),
        "error": f"{word_of(row.status)} in the predecessor's queue" if is_dead else None,
        # none for `done`: they are kept until an operator purges them, whatever the topic keeps
        "finished_at": now_ms if is_dead or state is State.DELETED else None,
        "payload": body,
    }


def _originals(row: _Row, plan: _Plan, new_id: Value) -> str | None:
    """Keep in headers what could not be kept in place."""
    lost: dict[str, Value] = {}
    if plan.topics[row.topic] != row.topic:
        lost["original-topic"] = row.topic
    if row.id != new_id:
        lost["original-id"] = row.id
    for name in ("created_at", "available_at"):
        value = getattr(row, name)
        if value is not None and time_ms(value) is None:
            lost[f"original-{name}"] = value
    return encode_headers({name: shown(value)[: HEADERS_LIMIT // 32] for name, value in lost.items()})


def _codec(connection: apsw.Connection) -> str:
    return str(connection.execute("PRAGMA encoding").get)


def _value(codec: str, kind: object, raw: object) -> Value:
    """Turn text back from its bytes; what is not text in the database's encoding stays as bytes."""
    if kind != "text" or not isinstance(raw, bytes):
        return raw if isinstance(raw, int | float | str | bytes) else None
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return raw


def _named(sql: str, table: str) -> str:
    return sql.replace("{table}", table.replace('"', '""'))
