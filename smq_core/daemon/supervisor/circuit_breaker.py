"""When a topic's messages kill worker processes one after another, the topic is paused for a while. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Final, NamedTuple

__all__ = ["DEATHS", "FIRST_PAUSE_S", "HEALTHY", "LONGEST_PAUSE_S", "WITHIN_S", "Breaker"]

DEATHS: Final = 5
WITHIN_S: Final = 60.0
HEALTHY: Final = 50
"""So many messages handled for each death mean that the topic works."""
FIRST_PAUSE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 30 * 60.0


class Breaker:
    """Counts worker deaths for each topic."""

    def __init__(self) -> None:
        """Begin with no deaths."""
        self._deaths: dict[str, deque[_Death]] = defaultdict(deque)
        self._pauses: dict[str, _Pause] = {}

    def note_death(self, topic: str, handled: int, now: float) -> float | None:
        """Note a death; answer for how many seconds the topic is to be paused, when it was one too many.

        `handled` counts the topic's messages that were handled so far: where many are between the deaths, it
        is not the topic that is ill. Each pause that follows the one before within an hour is twice as long.
        """
        self._forget(now)
        deaths = self._deaths[topic]
        deaths.append(_Death(now, handled))
        while deaths[0].at < now - WITHIN_S:
            deaths.popleft()
        if len(deaths) < DEATHS or handled - deaths[0].handled >= HEALTHY * (len(deaths) - 1):
            return None
        deaths.clear()
        before = self._pauses.get(topic)
        count = 1 if before is None else before.in_a_row + 1
        self._pauses[topic] = _Pause(count, now)
        return min(FIRST_PAUSE_S * float(2 ** (count - 1)), LONGEST_PAUSE_S)

    def _forget(self, now: float) -> None:
        """Forget topics of which nothing counts any more: any number of them may come and go."""
        for topic in [
            one for one, deaths in self._deaths.items() if not deaths or deaths[-1].at < now - WITHIN_S
        ]:
            del self._deaths[topic]
        for topic in [one for one, pause in self._pauses.items() if now - pause.at >= 2 * LONGEST_PAUSE_S]:
            del self._pauses[topic]


class _Pause(NamedTuple):
    in_a_row: int
    """How many followed each other."""
    at: float


class _Death(NamedTuple):
    at: float
    handled: int
