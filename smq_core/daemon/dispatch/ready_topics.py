"""Which topics a look asks for: those that are named, and of those that patterns take the ones with work.

What it costs follows what is ready and due, not how many topics there are.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from smq_core.daemon.dispatch.delayed_topics import DelayedTopics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.clock import Clock
    from smq_core.daemon.configuration.routing import Routes
    from smq_core.store.base import Store

__all__ = ["MOST", "ReadyTopics", "all_ready"]

MOST: Final = 128
"""Topics that a look asks for by patterns at most; the next look goes on behind them."""


class ReadyTopics:
    """Finds the topics that are worth asking for."""

    def __init__(self, store: Store, clock: Clock, routes: Routes) -> None:
        """Serve these handlers; without patterns the topics are always the named ones."""
        self._store = store
        self._routes = routes
        self._named = frozenset(routes.exact_topics)
        self._delayed = DelayedTopics(store, clock, is_served=self._is_by_pattern)
        self.has_more = False
        """There are ready topics that did not fit into the last answer."""

    def find(
        self, room: int, now_ms: int, *, after: str, is_wanted: Callable[[str], bool] = lambda _: True
    ) -> list[str]:
        """Return the topics to ask for when there is room for a number of messages, by name.

        Ready topics are looked for behind `after`, then from the beginning; those not wanted are passed over.

        Raises:
            StoreError: when the database does not answer.
        """
        if not self._routes.has_patterns:
            return self._routes.exact_topics
        # whoever asks for topics does this by the way, but there may be none to ask for
        self._store.reclaim(now_ms)
        limit = min(room, MOST)
        self._delayed.refresh(now_ms)
        due = self._delayed.take_due(now_ms, limit, is_wanted)
        ready = self._walk(limit, now_ms, after, is_wanted)
        return sorted({*self._named, *ready, *due})

    def next_due(self, now_ms: int) -> int | None:
        """Return when time alone may change something, once the topics that were found have been asked for.

        Raises:
            StoreError: when the database does not answer.
        """
        named = self._store.next_due(self._routes.exact_topics, now_ms)
        if not self._routes.has_patterns:
            return named
        self._delayed.settle(now_ms)
        moments = (named, self._delayed.next_ms(now_ms), self._store.next_end(now_ms))
        return min((moment for moment in moments if moment is not None), default=None)

    def _is_by_pattern(self, topic: str) -> bool:
        return topic not in self._named and self._routes.find(topic) is not None

    def _walk(self, limit: int, now_ms: int, after: str, is_wanted: Callable[[str], bool]) -> list[str]:
        found: list[str] = []
        self.has_more = False
        for topic in self._ready(now_ms, after):
            if self._is_by_pattern(topic) and is_wanted(topic):
                if len(found) == limit:
                    self.has_more = True
                    break
                found.append(topic)
        return found

    def _ready(self, now_ms: int, after: str) -> Iterator[str]:
        """Yield each ready topic once, beginning behind a name."""
        yield from self._ready_between(now_ms, after, None)
        if after:
            yield from self._ready_between(now_ms, "", after)

    def _ready_between(self, now_ms: int, after: str, until: str | None) -> Iterator[str]:
        ready = all_ready(self._store, now_ms, after)
        return itertools.takewhile(lambda topic: until is None or topic <= until, ready)


def all_ready(store: Store, now_ms: int, after: str = "") -> Iterator[str]:
    """Yield every ready topic whose name is greater than `after`, by name; it is read page by page.

    Raises:
        StoreError: when the database does not answer.
    """
    while page := store.ready_topics(now_ms, after=after, limit=MOST):
        yield from page
        if len(page) < MOST:
            return
        after = page[-1]
