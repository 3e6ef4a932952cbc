"""When a topic's messages kill worker processes one after another, the topic is paused for a while. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Final

__all__ = ["Breaker"]

DEATHS: Final = 5
WITHIN_S: Final = 60.0
FIRST_PAUSE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 30 * 60.0


class Breaker:
    """Counts worker deaths for each topic."""

    def __init__(self) -> None:
        """Begin with no deaths."""
        self._deaths: dict[str, deque[float]] = defaultdict(deque)
        self._pauses: dict[str, tuple[int, float]] = {}

    def note_death(self, topic: str, now: float) -> float | None:
        """Note a death; answer for how many seconds the topic is to be paused, when it was one too many.

        Each pause that follows the one before within an hour is twice as long.
        """
        deaths = self._deaths[topic]
        deaths.append(now)
        while deaths[0] < now - WITHIN_S:
            deaths.popleft()
        if len(deaths) < DEATHS:
            return None
        deaths.clear()
        count, last = self._pauses.get(topic, (0, now))
        count = count + 1 if now - last < 2 * LONGEST_PAUSE_S else 1
        self._pauses[topic] = (count, now)
        return min(FIRST_PAUSE_S * float(2 ** (count - 1)), LONGEST_PAUSE_S)
