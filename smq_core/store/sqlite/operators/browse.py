"""Reads messages for people: pages by id, ids alone, counts, one whole message.

No query holds a read transaction longer than itself.
"""

from __future__ import annotations

from array import array
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from smq_core.states import State
from smq_core.store.records import AttemptRow, Escaped, MessageRow, all_made
from smq_core.store.sqlite.connection.connection import savepoint
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder
from smq_core.store.sqlite.operators.previews import with_beginning
from smq_core.store.sqlite.queries import filter_sql, query
from smq_core.store.sqlite.queue.lease import ready_priorities

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from smq_core.store.records import Selection
    from smq_core.store.sqlite.session import Session

__all__ = ["MOST_STREAMED_TOPICS", "Browser", "matching_ids", "still_matching", "streams_of"]

MOST_STREAMED_TOPICS: Final = 300
"""With more topics than this that have messages in a state, a list of it walks the table instead of one index
range for each."""

_ROWS = query("message_rows")
_ROW = query("message_row")
_TOPICS_WITH = query("topics_with")
_HIGHEST_ID = query("highest_id")
_LAST_ID = query("last_id")
_ERROR_KINDS = query("error_kinds")
_ATTEMPTS = query("attempts_of")
_WHOLE: Final = 1 << 40
_ALL: Final = frozenset(State)
_KEPT = (State.DELAYED, State.DEAD, State.DONE, State.DELETED)


class Browser:
    """Reads messages for operators."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, message_id: int) -> MessageRow | None:
        """Return one whole message."""
        row = self._session.read(lambda db: db.execute(_ROW, (message_id,)).fetchone())
        return None if row is None else _message(row)

    def page(
        self,
        selection: Selection,
        *,
        after: int | None,
        newest: bool,
        limit: int,
        preview_bytes: int | None,
        now_ms: int,
    ) -> list[MessageRow]:
        """Return messages by id, beyond `after`; payloads cut to `preview_bytes` (None: whole)."""

        def work(db: apsw.Connection) -> list[MessageRow]:
            with savepoint(db):
                ids = matching_ids(db, selection, after=after, newest=newest, limit=limit, now_ms=now_ms)
                return _rows(db, ids, preview_bytes, newest=newest)

        return self._session.read(work)

    def rows(self, ids: Sequence[int], preview_bytes: int | None) -> list[MessageRow]:
        """Return messages by their ids, ascending; messages that no longer exist are left out."""

        def work(db: apsw.Connection) -> list[MessageRow]:
            with savepoint(db):
                return _rows(db, list(ids), preview_bytes, newest=False)

        return self._session.read(work)

    def ids(
        self, selection: Selection, *, limit: int, now_ms: int, after: int | None = None, newest: bool = False
    ) -> Sequence[int]:
        """Return ids alone, beyond `after`, at most `limit`: a list of a million needs no more."""

        def work(db: apsw.Connection) -> Sequence[int]:
            wanted = filter_sql.conditions(
                selection, now_ms, **({"before": after} if newest else {"after": after})
            )
            found = array("q")
            with savepoint(db):
                streams = list(streams_of(db, selection))
                for stream in streams:
                    found.extend(_ids(db, stream, wanted, limit=limit, newest=newest))
            # one stream is in order already
            return found[:limit] if len(streams) == 1 else array("q", sorted(found, reverse=newest)[:limit])

        return self._session.read(work)

    def count(self, selection: Selection, *, limit: int, now_ms: int) -> int:
        """Count matches, at most `limit`."""

        def work(db: apsw.Connection) -> int:
            wanted = filter_sql.conditions(selection, now_ms)
            with savepoint(db):
                found = sum(
                    _count(db, stream, {**stream.values, **wanted, "limit": limit}, wanted)
                    for stream in streams_of(db, selection)
                )
            return min(found, limit)

        return self._session.read(work)

    def highest_id(self) -> int:
        """Return the highest id there is, 0 when there is none; where damage hides it, the last one given."""
        return self._session.read(_highest_id)

    def error_kinds(
        self, topic: str | None, *, limit: int, since_ms: int | None = None
    ) -> list[tuple[str, str, int, int, int]]:
        """Group dead letters: topic, error kind, count, first and last time, most frequent first.

        With `since_ms` only those that died at that moment or later.
        """
        rows = self._session.read(lambda db: db.execute(_ERROR_KINDS, (topic, since_ms, limit)).fetchall())
        found = [_error_kind(row) for row in rows]
        return [(one.topic, one.error_kind, one.dead, one.first, one.last) for one in found]

    def attempts(self, message_id: int) -> list[AttemptRow]:
        """Return the stored failed attempts of a message, oldest first."""
        rows = self._session.read(lambda db: db.execute(_ATTEMPTS, (message_id,)).fetchall())
        return [_attempt(row) for row in rows]


def matching_ids(
    db: apsw.Connection, selection: Selection, *, after: int | None, newest: bool, limit: int, now_ms: int
) -> list[int]:
    """Return the first ids of a selection beyond `after`, in order, inside a transaction."""
    wanted = filter_sql.conditions(selection, now_ms, **({"before": after} if newest else {"after": after}))
    streams = [_ids(db, stream, wanted, limit=limit, newest=newest) for stream in streams_of(db, selection)]
    return list(islice(merge(*streams, reverse=newest), limit))


def still_matching(db: apsw.Connection, selection: Selection, ids: Sequence[int], now_ms: int) -> list[int]:
    """Return those of some ids that belong to a selection, ascending."""
    sql, values = filter_sql.still_sql(selection, filter_sql.conditions(selection, now_ms))
    return [row[0] for row in db.execute(sql, {**values, "ids": apsw.carray(array("q", ids))})]


def streams_of(
    db: apsw.Connection, selection: Selection, among: frozenset[State] = _ALL
) -> Iterator[filter_sql.Stream]:
    """Yield the index ranges that hold what of a selection is in some states, inside a transaction."""
    topic, state = selection.topic, selection.state
    if state is not None and state not in among:
        return
    if topic is None and state is State.PROCESSING:
        yield filter_sql.processing_stream(None)
    elif topic is not None:
        if state is not None:
            among = frozenset({state})
        elif selection.where.without_trash:
            # else all of a large trash would be walked over
            among -= {State.DELETED}
        yield from _topic_streams(db, topic, among)
    elif state is None:
        yield filter_sql.table_stream(None)
    else:
        topics = [row[0] for row in db.execute(_TOPICS_WITH, (state,))]
        # a name that is not UTF-8 cannot be asked for
        if len(topics) > MOST_STREAMED_TOPICS or Escaped in map(type, topics):
            yield filter_sql.table_stream(state)
        else:
            for one in topics:
                yield from _topic_streams(db, one, {state})


def _topic_streams(db: apsw.Connection, topic: str, states: Collection[State]) -> Iterator[filter_sql.Stream]:
    if State.READY in states:
        for priority in ready_priorities(db, topic):
            yield filter_sql.ready_stream(topic, priority)
    if State.PROCESSING in states:
        yield filter_sql.processing_stream(topic)
    for kept in _KEPT:
        if kept in states:
            yield filter_sql.kept_stream(topic, kept)


def _ids(
    db: apsw.Connection,
    stream: filter_sql.Stream,
    wanted: dict[str, filter_sql.Value],
    *,
    limit: int,
    newest: bool,
) -> list[int]:
    sql = filter_sql.ids_sql(stream, wanted, newest=newest)
    return [row[0] for row in db.execute(sql, {**stream.values, **wanted, "limit": limit})]


def _highest_id(db: apsw.Connection) -> int:
    highest: int | None
    try:
        highest = db.execute(_HIGHEST_ID).get
    except apsw.CorruptError:
        highest = db.execute(_LAST_ID).get
    return highest or 0


def _count(
    db: apsw.Connection,
    stream: filter_sql.Stream,
    values: dict[str, filter_sql.Value],
    wanted: dict[str, filter_sql.Value],
) -> int:
    found: int = db.execute(filter_sql.count_sql(stream, wanted), values).get
    return found


def _rows(
    db: apsw.Connection, ids: list[int], preview_bytes: int | None, *, newest: bool
) -> list[MessageRow]:
    if not ids:
        return []
    preview = _WHOLE if preview_bytes is None else preview_bytes
    rows = all_made(MessageRow, db.execute(_ROWS, (preview, apsw.carray(array("q", ids)))))
    found = [_message(with_beginning(db, row, preview)) for row in rows]
    return found[::-1] if newest else found


class _ErrorKind(NamedTuple):
    """The columns of error_kinds."""

    topic: str
    error_kind: str
    dead: int
    first: int
    last: int


_message = RecordDecoder(MessageRow)
_attempt = RecordDecoder(AttemptRow)
_error_kind = RecordDecoder(_ErrorKind)
