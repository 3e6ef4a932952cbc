"""Fixes everything that matches, as it is now, so that an action changes just that.

A filter with the highest id would not do: a message with a smaller id may come into the state later.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from smq_core.states import State, sources_of
from smq_core.store.frozen import FrozenCollector
from smq_core.store.records import Selection
from smq_core.store.sqlite.connection.connection import savepoint
from smq_core.store.sqlite.limits import CHUNK
from smq_core.store.sqlite.operators.browse import streams_of
from smq_core.store.sqlite.operators.byte_chunks import fitting
from smq_core.store.sqlite.operators.recheck import SeenIds
from smq_core.store.sqlite.queries import eligible_sql, filter_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import apsw

    from smq_core.store.frozen import Frozen, FrozenRow
    from smq_core.store.records import Purpose, Targets
    from smq_core.store.sqlite.operators.browse import Browser
    from smq_core.store.sqlite.operators.recheck import Sight
    from smq_core.store.sqlite.session import Session

__all__ = ["Freezer"]

_PART: Final = 20_000
"""Messages of an index range that one read looks at: some 30 ms."""


class _Wanted(NamedTuple):
    """What is looked for."""

    selection: Selection
    now_ms: int
    purpose: Purpose | None

    @property
    def states(self) -> frozenset[State]:
        """The states that may be among it."""
        return frozenset(State) if self.purpose is None else sources_of(self.purpose.verb)


class Freezer:
    """Fixes what an action is aimed at."""

    def __init__(self, session: Session, browser: Browser) -> None:
        self._session = session
        self._browser = browser

    def freeze(
        self,
        selection: Selection,
        *,
        now_ms: int,
        purpose: Purpose | None = None,
        limit: int | None = None,
        progress: Callable[[int], bool] | None = None,
    ) -> Selection:
        """Return a selection with the messages that match, at most `limit` of them, the lowest ids first.

        With a purpose, only those that it changes as they are now.

        No read lasts longer than a part of them. `progress` is called with the number found after each part,
        and leaves out the rest by returning False.
        """
        if selection.frozen is not None:
            return selection
        wanted = msgspec.structs.replace(
            selection,
            max_id=self._browser.highest_id() if selection.max_id is None else selection.max_id,
            as_of_ms=now_ms if selection.as_of_ms is None else selection.as_of_ms,
        )
        return msgspec.structs.replace(
            wanted, frozen=self._found(_Wanted(wanted, now_ms, purpose), limit, progress)
        )

    def aimed_at(self, targets: Targets, now_ms: int) -> SeenIds:
        """Fix what an action is aimed at, where the caller did not."""
        return SeenIds(self.freeze(targets, now_ms=now_ms) if isinstance(targets, Selection) else targets)

    def parts(self, seen_ids: SeenIds, max_bytes: int) -> Iterator[Mapping[int, Sight]]:
        """Yield what one transaction after the other changes, by rows and by bytes."""
        start = 0
        while start < len(seen_ids.ids):
            ids = seen_ids.ids[start : start + CHUNK]
            stop = start + len(self._session.read(partial(fitting, ids=ids, max_bytes=max_bytes)))
            yield seen_ids.part(start, stop)
            start = stop

    def _found(
        self,
        wanted: _Wanted,
        limit: int | None,
        progress: Callable[[int], bool] | None,
    ) -> Frozen:
        collector, after, has_more = FrozenCollector(), None, True
        while has_more and (limit is None or len(collector) < limit):
            rows, after, has_more = self._session.read(partial(_next_part, wanted=wanted, after=after))
            collector.add(rows, limit)
            if progress is not None and not progress(len(collector)):
                break
        return collector.frozen()


def _next_part(
    db: apsw.Connection, *, wanted: _Wanted, after: int | None
) -> tuple[list[FrozenRow], int | None, bool]:
    """Return what matches in the next part of a selection, up to which id, and whether there is more."""
    selection, now_ms, purpose = wanted
    with savepoint(db):
        streams = list(streams_of(db, selection, wanted.states))
        ends = [end for stream in streams if (end := _end(db, stream, selection, after)) is not None]
        part = msgspec.structs.replace(selection, max_id=min(ends)) if ends else selection
        values = filter_sql.conditions(part, now_ms, after=after) | eligible_sql.conditions_of(
            purpose, now_ms
        )
        rows: list[FrozenRow] = []
        for stream in streams:
            sql = filter_sql.seen_sql(stream, values, purpose)
            rows.extend(db.execute(sql, {**stream.values, **values, "seen_at": now_ms}))
    rows.sort()
    return rows, part.max_id, bool(ends)


def _end(
    db: apsw.Connection, stream: filter_sql.Stream, selection: Selection, after: int | None
) -> int | None:
    """Return the last id of the next part of a stream, None where the rest is no longer than a part."""
    bounds = filter_sql.bounds(selection, after)
    sql = filter_sql.end_sql(stream, bounds)
    end: int | None = db.execute(sql, {**stream.values, **bounds, "skipped": _PART - 1}).get
    return end
