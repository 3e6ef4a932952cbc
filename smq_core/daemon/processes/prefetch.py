"""How many messages a worker process may be given ahead, learnt from how long its handlers take. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["AHEAD_S", "BYTES_AHEAD", "WINDOW_LIMIT", "Prefetch"]

AHEAD_S: Final = 0.010
"""So much work lies ready in a worker process."""
WINDOW_LIMIT: Final = 1000
BYTES_AHEAD: Final = 8 * 1024 * 1024
_SMOOTH: Final = 0.3
_UNKNOWN_S: Final = float("inf")
"""Stands for the time of handlers that nobody has measured: nothing is given ahead then."""


class Prefetch:
    """The pace of one worker process."""

    def __init__(self, threads: int) -> None:
        """Begin with one message for each thread."""
        self._threads = threads
        self._handler_s = _UNKNOWN_S
        self._size = 0.0

    @property
    def window(self) -> int:
        """How many messages may be in flight: ten milliseconds of work, and one for each thread at least."""
        by_time = int(min(self._threads * AHEAD_S / max(self._handler_s, 1e-9), WINDOW_LIMIT))
        by_size = int(BYTES_AHEAD / self._size) if self._size else WINDOW_LIMIT
        return max(self._threads, min(by_time, by_size))

    def note_given(self, sizes: list[int]) -> None:
        """Learn how large messages are."""
        self._size += _SMOOTH * (sum(sizes) / len(sizes) - self._size)

    def note_handled(self, count: int, busy_s: float) -> None:
        """Learn how long handlers took, all together."""
        mean_s = busy_s / count if count else 0.0
        known = self._handler_s
        self._handler_s = mean_s if known == _UNKNOWN_S else known + _SMOOTH * (mean_s - known)

    def forget(self) -> None:
        """Give nothing ahead until handlers have been measured again: one of them is long."""
        self._handler_s = _UNKNOWN_S
