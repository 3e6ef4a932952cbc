"""Repairs what needs no guess, after a backup next to the file: counters, leases and ids, never content."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from smq_core.errors import NotAQueue, StoreUnavailable
from smq_core.policy import TopicPolicy
from smq_core.store.sqlite.admin.checks import (
    is_counting_stopped,
    leases_to_take_back,
    wrong_counters,
)
from smq_core.store.sqlite.admin.lost_daemons import lost_daemons
from smq_core.store.sqlite.database import backup, identify
from smq_core.store.sqlite.database.one_name import refuse_second_name
from smq_core.store.sqlite.driver import id_range
from smq_core.store.sqlite.driver.raw_connection import connect, exclusive, translated, why_not_writable
from smq_core.store.sqlite.foreign_rows import anomalies
from smq_core.store.sqlite.location import resolved
from smq_core.store.sqlite.queries import query
from smq_core.store.sqlite.queue.lease import HORIZON_MS, LEASE_EXPIRED

if TYPE_CHECKING:
    from collections.abc import Collection

    import apsw

__all__ = ["repair"]

_RECORD_EXPIRED: Final = query("record_expired")
_RECLAIM: Final = query("reclaim")
_END_LEASES: Final = query("repair_end_leases")
_FORGET: Final = query("repair_counters_forget")
_ADD: Final = query("repair_counters_add")
_COUNT: Final = query("recount_topics")
_END_COUNTED: Final = query("end_counted")
_NO_LIMIT: Final = -1
_EVERY_BYTE: Final = 1 << 62


def repair(path: str, now_ms: int, ended: Collection[str] = frozenset()) -> list[str]:
    """Return leases that are expired, too long or a dead daemon's, count topics, and repair ids.

    `ended` has the ids of the daemons that are proven to have ended. Return in words what was done. The write
    lock is held while it copies and counts; where nothing is wrong, nothing is copied or changed.

    Raises:
        StoreError: when there is no queue, or it cannot be backed up or written; it is then as it was.
    """
    path = resolved(path)
    refuse_second_name(path)
    if identify.look(path).kind is not identify.DatabaseKind.QUEUE:
        raise NotAQueue(f"{path} is not a queue: there is nothing to repair")
    if why := why_not_writable(path):
        raise StoreUnavailable(f"{why}: nothing was repaired; change its permissions")
    with translated(path), closing(connect(path)) as connection, exclusive(connection):
        if not _is_broken(connection, now_ms, ended):
            return ["nothing needed repair"]
        kept = backup.beside(path, "repair", now_ms)
        connection.execute(_END_COUNTED)
        # before the leases, which no change of a flawed row gets past
        cured = list(anomalies.cure(connection, now_ms))
        leases = _take_back(connection, now_ms, ended)
        renumbered = id_range.renumber(connection)
        # after the leases, which say who is dead
        forgotten = anomalies.forget_odd_workers(connection, now_ms)
        # after the leases, since their triggers count on what is wrong
        wrong = wrong_counters(connection)
        if wrong:
            connection.execute(_FORGET)
            connection.execute(_ADD)
            connection.execute(_COUNT)
    return [
        f"the unrepaired database is kept in {kept}",
        *cured,
        f"leases returned: {leases:,}",
        f"rows removed that were not written by a daemon: {forgotten:,}",
        f"topics recounted: {len(wrong):,}",
        f"messages given another id: {renumbered:,}",
    ]


def _is_broken(connection: apsw.Connection, now_ms: int, ended: Collection[str]) -> bool:
    return bool(
        leases_to_take_back(connection, now_ms, ended)
        or wrong_counters(connection)
        or is_counting_stopped(connection)
        or id_range.absurd(connection)
        or id_range.are_near_their_end(connection)
        or anomalies.are_curable(connection, now_ms)
    )


def _take_back(connection: apsw.Connection, now_ms: int, ended: Collection[str]) -> int:
    for daemon in lost_daemons(connection, now_ms, ended):
        if daemon.has_lapsed(now_ms):
            connection.execute(_END_LEASES, {"now": now_ms, "worker": daemon.id})
    bounds = {
        "now": now_ms,
        "horizon": now_ms + HORIZON_MS,
        "limit": _NO_LIMIT,
        "bytes": _EVERY_BYTE,
        "error": LEASE_EXPIRED,
    }
    connection.execute(_RECORD_EXPIRED, bounds)
    taken = connection.execute(_RECLAIM, {**bounds, "default_max_attempts": TopicPolicy().max_attempts})
    return len(taken.fetchall())
