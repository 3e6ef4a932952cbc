"""What an event loop needs to wait for messages: a descriptor, and the time at which one becomes due."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Self

from smq_core.handed_on import refuse_to_pickle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from smq_core.clock import Clock
    from smq_core.store.base import Store

__all__ = ["Waiter"]


class Waiter:
    """Notifies an event loop when a dequeue is worth trying.

    Add `fileno()` as a reader, and a timer for `next_due()`.
    """

    def __init__(self, store: Store, clock: Clock, topics: Sequence[str]) -> None:
        """Start noticing what is committed from now on."""
        self._store = store
        self._clock = clock
        self._topics = topics
        self._waiter = store.waiter()

    def __enter__(self) -> Self:
        """Return the waiter itself; it is closed at the end of the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the waiter."""
        self.close()

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled.

        Raises:
            UsageError: always; the Queue can be.
        """
        refuse_to_pickle("a waiter")

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when a dequeue may be worth trying.

        Returns -1 if the platform has none; in that case, check every 50 ms.
        """
        return self._waiter.fileno()

    def drain(self) -> bool:
        """Consume the pending notices; return whether another connection has committed since the last call.

        A write is noticed slightly before its commit: if a notice led to False, check again within a few
        milliseconds.
        """
        return self._waiter.drain()

    def next_due(self) -> float | None:
        """Return the number of seconds until a delay, a lease or a pause of the topics ends.

        Returns None if nothing will become due.
        """
        now_ms = self._clock.now_ms()
        due_ms = self._store.next_due(self._topics, now_ms)
        return None if due_ms is None else max(0.0, (due_ms - now_ms) / 1000)

    def close(self) -> None:
        """Release the descriptor; does nothing if it is already closed."""
        self._waiter.close()
