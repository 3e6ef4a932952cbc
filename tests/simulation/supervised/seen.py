"""The events that a long simulation of daemons has to meet: one that never happens is not tested by it."""

from __future__ import annotations

from collections import Counter
from typing import Final

__all__ = ["EVENTS", "Seen"]

EVENTS: Final[tuple[str, ...]] = (
    "a running message requeued by force",
    "a running message deleted or buried",
    "an operator's action undone",
    "a forced message begun in another process beside its older run",
    "a message begun that another daemon still runs",
    "a delivery that went on under a newer lease",
    "a delivery that waited for an older one to end",
    "a delivery taken back as its lease was lost",
    "a process killed for a handler that did not end",
    "a process that died",
    "a daemon that died",
    "a daemon that ended in good order",
    "a daemon that stood still for longer than its leases",
    "worker processes that stood still",
    "a clock set forward",
    "a clock set back",
    "a time without the database longer than the leases",
    "a consumer that let a lease end",
    "a reload",
)


class Seen:
    """Counts them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(EVENTS, 0))

    def note(self, event: str) -> None:
        """Count an event of the list."""
        assert event in self.counts, f"{event!r} stands in no list"
        self.counts[event] += 1

    def never(self) -> list[str]:
        """Return what did not happen."""
        return [event for event in EVENTS if not self.counts[event]]
