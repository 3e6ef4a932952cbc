"""When a burst is over: nothing of its topics is ready, being processed, or due soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smq_core.daemon.handlers import Routes
    from smq_core.store.base import Store

__all__ = ["AHEAD_MS", "has_nothing_soon"]

AHEAD_MS: Final = 60_000
"""What is due within this time is waited for."""


def has_nothing_soon(store: Store, routes: Routes, now_ms: int) -> bool:
    """Say whether no topic that has a handler will have anything to do soon; what is paused has nothing.

    Raises:
        StoreError: when the database does not answer.
    """
    mine = [stats for stats in store.topics(now_ms) if routes.find(stats.topic)]
    if any(stats.processing or (stats.ready and not stats.paused) for stats in mine):
        return False
    waiting = [stats.topic for stats in mine if stats.delayed]
    due = store.next_due(waiting, now_ms) if waiting else None
    return due is None or due > now_ms + AHEAD_MS
