"""Composes what operators look for from fixed fragments.

The only place that puts SQL together. Values are always bound.

A selection becomes one or more streams: index ranges that each yield ids in ascending order, so that a page
anywhere in millions of messages costs a few index looks. Lists by priority have one stream for each distinct
priority of a topic.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from smq_core.safe_text import clean_text
from smq_core.states import State
from smq_core.store.sqlite.queries import eligible_sql

if TYPE_CHECKING:
    from smq_core.store.records import Purpose, Selection

__all__ = [
    "Stream",
    "Value",
    "bounds",
    "bytes_sql",
    "conditions",
    "count_sql",
    "end_sql",
    "ids_sql",
    "is_query",
    "kept_stream",
    "processing_stream",
    "ready_stream",
    "seen_sql",
    "still_sql",
    "table_stream",
]

Value = str | int | None


class Stream(NamedTuple):
    """An index range in ascending order of id."""

    source: str
    """The table and the index that orders it."""
    fragments: tuple[str, ...]
    values: dict[str, Value]


_FRAGMENTS: Final = {
    "worker": "worker = :worker",
    "key": "dedup_key = :key",
    "error": "last_error LIKE :error ESCAPE '\\'",
    "error_kind": "ifnull(error_kind, '') = :error_kind",
    "error_groups": (
        "(topic, ifnull(error_kind, '')) IN (SELECT value ->> 0, value ->> 1 FROM json_each(:error_groups))"
    ),
    "text": (
        "(CAST(payload AS TEXT) LIKE :text ESCAPE '\\' OR headers LIKE :text ESCAPE '\\'"
        " OR dedup_key LIKE :text ESCAPE '\\')"
    ),
    "min_attempts": "attempts >= :min_attempts",
    "created_before": "created_at <= :created_before",
    "expired_at": "locked_until <= :expired_at",
    "topic": "topic = :topic",
    "state": "status = :state",
    "without": "status <> :without",
    "max_id": "id <= :max_id",
    "after": "id > :after",
    "before": "id < :before",
    **eligible_sql.FRAGMENTS,
}


def table_stream(state: State | None) -> Stream:
    """Return all messages, of a state if one is given, by walking the table."""
    if state is None:
        return Stream("smq_messages NOT INDEXED", (), {})
    return Stream("smq_messages NOT INDEXED", ("status = :state",), {"state": state})


def ready_stream(topic: str, priority: int) -> Stream:
    """Return the ready messages of a topic and priority."""
    return Stream(
        "smq_messages INDEXED BY smq_ready",
        ("topic = :topic", "status = 'ready'", "priority = :priority"),
        {"topic": topic, "priority": priority},
    )


def processing_stream(topic: str | None) -> Stream:
    """Return the leased messages; few, so that sorting them costs nothing."""
    source = "smq_messages INDEXED BY smq_leased"
    if topic is None:
        return Stream(source, ("locked_until IS NOT NULL",), {})
    return Stream(source, ("locked_until IS NOT NULL", "topic = :topic"), {"topic": topic})


def kept_stream(topic: str, state: State) -> Stream:
    """Return the messages of a topic in a state that is neither ready nor processing."""
    return Stream(
        "smq_messages INDEXED BY smq_shelf",
        ("topic = :topic", "status = :state", "status < 'e'"),
        {"topic": topic, "state": state},
    )


def conditions(
    selection: Selection, now_ms: int, *, after: int | None = None, before: int | None = None
) -> dict[str, Value]:
    """Return the values of the fragments that a selection needs beside its stream."""
    where = selection.where
    as_of_ms = now_ms if selection.as_of_ms is None else selection.as_of_ms
    wanted: dict[str, Value] = {
        "worker": _clean(where.worker),
        "key": _clean(where.key),
        "error": _like(where.error),
        "error_kind": _clean(where.error_kind),
        "error_groups": _groups(where.error_groups),
        "text": _like(where.text),
        "min_attempts": where.min_attempts,
        "created_before": None if where.min_age_ms is None else as_of_ms - where.min_age_ms,
        "expired_at": as_of_ms if where.only_expired else None,
        "without": State.DELETED if where.without_trash and selection.state is None else None,
        "max_id": selection.max_id,
        "after": after,
        "before": before,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def bounds(selection: Selection, after: int | None) -> dict[str, Value]:
    """Return the values of the fragments that bound a selection's ids."""
    wanted: dict[str, Value] = {"max_id": selection.max_id, "after": after}
    return {name: value for name, value in wanted.items() if value is not None}


def ids_sql(stream: Stream, wanted: dict[str, Value], *, newest: bool = False) -> str:
    """Compose the query of a stream's ids, ascending or descending; `:limit` bounds it."""
    return "\n".join(
        (
            f"SELECT id FROM {stream.source}",  # noqa: S608 - fixed fragments; values are bound
            _where(stream, wanted),
            "ORDER BY id DESC" if newest else "ORDER BY id",
            "LIMIT :limit",
        )
    )


def count_sql(stream: Stream, wanted: dict[str, Value]) -> str:
    """Compose the query of how many a stream has, at most `:limit`."""
    matches = f"SELECT 1 FROM {stream.source} {_where(stream, wanted)} LIMIT :limit"  # noqa: S608 - as above
    return f"SELECT count(*) FROM ({matches})"  # noqa: S608 - as above


def end_sql(stream: Stream, wanted: dict[str, Value]) -> str:
    """Compose the query of the id behind `:skipped` others of a stream; no row where there are fewer."""
    where = _where(stream, wanted)
    return f"SELECT id FROM {stream.source} {where} ORDER BY id LIMIT 1 OFFSET :skipped"  # noqa: S608 - as above


def seen_sql(stream: Stream, wanted: dict[str, Value], purpose: Purpose | None = None) -> str:
    """Compose the query of a stream's messages with all by which one sees later that they moved on.

    `:seen_at` is now. The last column is the key that the purpose would have a message hold again.
    """
    key = eligible_sql.key_of(purpose)
    columns = f"id, status, deliveries, operation, ifnull(locked_until, 0) > :seen_at, {key}"
    return f"SELECT {columns} FROM {stream.source} {_where(stream, wanted)}"  # noqa: S608 - as above


def still_sql(selection: Selection, wanted: dict[str, Value]) -> tuple[str, dict[str, Value]]:
    """Compose the query, and its values, that shows which of the ids in the array `:ids` match (still)."""
    whose: dict[str, Value] = {"topic": selection.topic, "state": selection.state}
    values = {name: value for name, value in whose.items() if value is not None} | wanted
    # by id: an index that may have more of the topic and state than there are ids is of no use
    named = Stream("smq_messages NOT INDEXED", ("id IN (SELECT value FROM carray(:ids))",), {})
    return f"SELECT id FROM {named.source} {_where(named, values)} ORDER BY id", values  # noqa: S608 - as above


def is_query(sql: str) -> bool:
    """Check whether a statement only asks for rows."""
    return sql.lstrip().upper().startswith(("SELECT", "WITH"))


@lru_cache(maxsize=256)
def bytes_sql(query: str, width: int) -> str:
    """Compose a query that gives each column of another twice: text as bytes, and whether it is text."""
    names = [f"c{index}" for index in range(width)]
    columns = ", ".join(
        f"iif(typeof({one}) = 'text', CAST({one} AS BLOB), {one}), typeof({one}) = 'text'" for one in names
    )
    return f"WITH smq_row({', '.join(names)}) AS ({query}) SELECT {columns} FROM smq_row"  # noqa: S608 - as above


def _where(stream: Stream, wanted: dict[str, Value]) -> str:
    fragments = [*stream.fragments, *(_FRAGMENTS[name] for name in wanted)]
    return "WHERE " + "\n  AND ".join(fragments) if fragments else ""


def _clean(text: str | None) -> str | None:
    return None if text is None else clean_text(text)


def _groups(groups: tuple[tuple[str, str], ...] | None) -> str | None:
    if groups is None:
        return None
    return msgspec.json.encode([[topic, clean_text(kind)] for topic, kind in groups]).decode()


def _like(part: str | None) -> str | None:
    """Turn plain text into a LIKE pattern that means just that text."""
    if part is None:
        return None
    escaped = clean_text(part).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
