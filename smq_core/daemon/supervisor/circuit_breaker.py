"""When a topic's messages kill worker processes one after another, the topic is paused for a while. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Final, NamedTuple

__all__ = ["CRASHES", "FIRST_PAUSE_S", "HEALTHY", "LONGEST_PAUSE_S", "WITHIN_S", "CircuitBreaker"]

CRASHES: Final = 5
WITHIN_S: Final = 60.0
HEALTHY: Final = 50
"""So many messages handled for each crash mean that the topic works."""
FIRST_PAUSE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 30 * 60.0


class CircuitBreaker:
    """Counts crashes of worker processes for each topic."""

    def __init__(self) -> None:
        """Begin with no crashes."""
        self._crashes: dict[str, deque[_Crash]] = defaultdict(deque)
        self._pauses: dict[str, _Trip] = {}

    def note_crash(self, topic: str, handled: int, now: float) -> float | None:
        """Note a crash; return for how many seconds the topic is to be paused, when it was one too many.

        `handled` counts the topic's messages that were handled so far: where many are between the crashes, it
        is not the topic that is ill. Each pause that follows the one before within an hour is twice as long.
        """
        self._forget(now)
        crashes = self._crashes[topic]
        crashes.append(_Crash(now, handled))
        while crashes[0].at < now - WITHIN_S:
            crashes.popleft()
        if len(crashes) < CRASHES or handled - crashes[0].handled >= HEALTHY * (len(crashes) - 1):
            return None
        crashes.clear()
        before = self._pauses.get(topic)
        count = 1 if before is None else before.in_a_row + 1
        self._pauses[topic] = _Trip(count, now)
        return min(FIRST_PAUSE_S * float(2 ** (count - 1)), LONGEST_PAUSE_S)

    def _forget(self, now: float) -> None:
        """Forget topics of which nothing counts any more: any number of them may come and go."""
        for topic in [
            one for one, crashes in self._crashes.items() if not crashes or crashes[-1].at < now - WITHIN_S
        ]:
            del self._crashes[topic]
        for topic in [one for one, pause in self._pauses.items() if now - pause.at >= 2 * LONGEST_PAUSE_S]:
            del self._pauses[topic]


class _Trip(NamedTuple):
    in_a_row: int
    """How many followed each other."""
    at: float


class _Crash(NamedTuple):
    at: float
    handled: int
