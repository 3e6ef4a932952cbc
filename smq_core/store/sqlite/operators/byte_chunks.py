"""Cuts what one transaction changes by bytes: whatever changes a message writes its payload again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

__all__ = ["fitting"]

_SIZES = query("sizes_of")


def fitting(db: apsw.Connection, ids: Sequence[int], max_bytes: int) -> Sequence[int]:
    """Return the first of some ids whose messages have at most that many bytes together, and at least one id.

    An id of which there is no message counts nothing, and is kept for its turn.
    """
    # a payload that another program has set to NULL has no size
    sizes: dict[int, int] = {one: size or 0 for one, size in db.execute(_SIZES, (id_array(ids),))}
    if sum(sizes.values()) <= max_bytes:
        return ids
    left = max_bytes
    for at, one in enumerate(ids):
        left -= sizes.get(one, 0)
        if left < 0:
            return ids[: max(at, 1)]
    return ids
