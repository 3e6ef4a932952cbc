"""When a burst is over: nothing of its topics is ready, running, or due soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.daemon.dispatch.ready_topics import all_ready

if TYPE_CHECKING:
    from smq_core.daemon.configuration.routing import Routes
    from smq_core.store.base import Store

__all__ = ["AHEAD_MS", "has_nothing_soon"]

AHEAD_MS: Final = 60_000
"""What is due within this time is waited for."""


def has_nothing_soon(store: Store, routes: Routes, now_ms: int) -> bool:
    """Return whether no topic that has a handler will have anything to do soon; what is paused has nothing.

    Raises:
        StoreError: when the database does not answer.
    """
    if any(map(routes.find, store.leased_topics())) or any(map(routes.find, all_ready(store, now_ms))):
        return False
    named = None if routes.has_patterns else routes.exact_topics
    return not any(
        due <= now_ms + AHEAD_MS and routes.find(topic) for topic, due in store.delays(now_ms, named)
    )
