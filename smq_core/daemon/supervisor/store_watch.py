"""Notices that another connection has written to the database, without reading the queue.

When to look, and when to look again.
"""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.store.base import Store, StoreWaiter

__all__ = ["LOOKS_S", "UNNOTICED_S", "StoreWatch"]

LOOKS_S: Final = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)
"""A write is seen before its commit is: how long after a notice that showed nothing to look again."""
UNNOTICED_S: Final = 0.005
"""How often to look where the system gives no notices."""


class StoreWatch:
    """Watches for commits of others, for an event loop."""

    def __init__(self, store: Store, selector: selectors.BaseSelector, clock: Clock) -> None:
        """Register with a selector, with itself as data."""
        self._waiter: StoreWaiter = store.waiter()
        self._clock = clock
        self._looks = 0
        self._has_notices = self._waiter.fileno() >= 0
        self._look_at = self._next_look(clock.monotonic())
        self._selector = selector
        self.is_muted = True
        self.unmute()

    def mute(self) -> None:
        """Hear of nothing while the database does not answer: what is not taken is told forever."""
        if self._has_notices and not self.is_muted:
            self._selector.unregister(self._waiter.fileno())
        self.is_muted = True

    def unmute(self) -> None:
        """Hear of writes again."""
        if self._has_notices and self.is_muted:
            self._selector.register(self._waiter.fileno(), selectors.EVENT_READ, self)
        self.is_muted = False

    def notice(self) -> bool:
        """Look because something was written; return whether another connection has committed.

        Raises:
            StoreError: when the database does not answer.
        """
        has_changed = self._waiter.drain()
        now = self._clock.monotonic()
        self._looks = 0
        self._look_at = self._next_look(now) if has_changed else now + LOOKS_S[0]
        return has_changed

    def look_again(self, now: float) -> bool:
        """Look if it is time to; return whether another connection has committed.

        Raises:
            StoreError: when the database does not answer.
        """
        if self._look_at is None or now < self._look_at:
            return False
        has_changed = self._waiter.drain()
        self._looks += 1
        if not has_changed and self._has_notices and self._looks < len(LOOKS_S):
            self._look_at = now + LOOKS_S[self._looks]
        else:
            self._look_at = self._next_look(now)
        return has_changed

    def due_in(self, now: float) -> float | None:
        """Return in how many seconds to look again; None: when something is written."""
        return None if self._look_at is None else max(0.0, self._look_at - now)

    def close(self) -> None:
        """Stop watching."""
        self._waiter.close()

    def _next_look(self, now: float) -> float | None:
        """Return when to look without a reason: never where the system tells of writes."""
        return None if self._has_notices else now + UNNOTICED_S
