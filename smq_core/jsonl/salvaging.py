"""Writes what can still be read of a damaged database as JSONL, and counts what cannot."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.errors import StoreCorrupt
from smq_core.jsonl.exporting import ExportOptions, line_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from smq_core.store.base import Store
    from smq_core.store.records import MessageRow

__all__ = ["Salvaged", "salvage_lines"]

_STEP: Final = 200
"""Ids of one read; where it meets damage, each of them is read by itself."""
_WHOLE: Final = 64 * 1024
"""Bytes of a payload that such a read holds."""


class Salvaged(NamedTuple):
    """What came of it."""

    written: int
    unreadable: int
    """Ids under which a message may have been that cannot be read."""


def salvage_lines(
    store: Store,
    write: Callable[[bytes], object],
    options: ExportOptions | None = None,
    *,
    progress: Callable[[int], bool] | None = None,
) -> Salvaged:
    """Write every message of a topic and state, or of all, that can be read, in order of their ids.

    By id alone: an index may be damaged too. `progress` is called with the number written, and stops it by
    returning False.

    Raises:
        StoreError: when nothing can be read at all.
    """
    options = options or ExportOptions()
    highest = store.highest_id()
    written = unreadable = 0
    for first in range(1, highest + 1, _STEP):
        ids = range(first, min(first + _STEP, highest + 1))
        for row in _readable(store, ids):
            if row is None:
                unreadable += 1
            elif options.topic in {None, row.topic} and options.state in {None, row.status}:
                write(line_of(row))
                written += 1
        if progress is not None and not progress(written):
            break
    return Salvaged(written, unreadable)


def _readable(store: Store, ids: Sequence[int]) -> Iterator[MessageRow | None]:
    """Yield messages, and None for each that cannot be read."""
    try:
        rows = store.rows(ids, _WHOLE)
    except StoreCorrupt:
        return chain.from_iterable(_one(store, message_id) for message_id in ids)
    return chain.from_iterable([row] if row.body_size <= _WHOLE else _one(store, row.id) for row in rows)


def _one(store: Store, message_id: int) -> list[MessageRow | None]:
    try:
        row = store.get(message_id)
    except StoreCorrupt:
        return [None]
    return [] if row is None else [row]
