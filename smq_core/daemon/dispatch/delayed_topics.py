"""When the delayed messages of topics that only a pattern names are due."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.clock import Clock
    from smq_core.store.base import SurveyStore

__all__ = ["RESTS", "DelayedTopics"]

RESTS: Final = 25
"""After a walk over the topics with delayed messages it rests for this many times as long as that took:
25 ms with a thousand such topics, 3 s with a hundred thousand. So late a delay may be noticed that somebody
wrote meanwhile; what was known before is on time."""


class DelayedTopics:
    """Remembers when topics have something due, and walks over them seldom enough to cost little."""

    def __init__(self, store: SurveyStore, clock: Clock, *, is_served: Callable[[str], bool]) -> None:
        """Begin with nothing known; topics that are not served are left out."""
        self._store = store
        self._clock = clock
        self._is_served = is_served
        self._heap: list[tuple[int, str]] = []
        self._taken: list[str] = []
        self._walk_at = float("-inf")
        self._is_stale = False
        """Something may have changed since the last walk."""

    def refresh(self, now_ms: int) -> None:
        """Walk over the topics again, unless that was done too lately: then ask for those that were taken."""
        began = self._clock.monotonic()
        self._is_stale = began < self._walk_at
        if self._is_stale:
            self.settle(now_ms)
            return
        self._heap = [(due, topic) for topic, due in self._store.delays(now_ms) if self._is_served(topic)]
        self._taken = []
        heapify(self._heap)
        ended = self._clock.monotonic()
        self._walk_at = ended + RESTS * (ended - began)

    def take_due(self, now_ms: int, limit: int, is_wanted: Callable[[str], bool]) -> list[str]:
        """Return topics that have something due, at most `limit`; those not wanted are for a later call."""
        found: list[str] = []
        while self._heap and self._heap[0][0] <= now_ms and len(found) < limit:
            _, topic = heappop(self._heap)
            self._taken.append(topic)
            if is_wanted(topic):
                found.append(topic)
        return found

    def settle(self, now_ms: int) -> None:
        """Find out when topics that were taken have something due again."""
        if self._taken:
            for topic, due in self._store.delays(now_ms, self._taken):
                heappush(self._heap, (due, topic))
            self._taken = []

    def next_ms(self, now_ms: int) -> int | None:
        """Return when to look again; None: never."""
        waits = [self._heap[0][0]] if self._heap else []
        if self._is_stale:
            waits.append(now_ms + round((self._walk_at - self._clock.monotonic()) * 1000))
        return max(now_ms + 1, min(waits)) if waits else None
