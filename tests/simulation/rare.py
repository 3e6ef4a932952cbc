"""The rare events that a long simulation has to meet: one that never happens is not tested by it."""

from __future__ import annotations

from collections import Counter
from typing import Final

EVENTS: Final[tuple[str, ...]] = (
    "a late ack taken",
    "a late ack refused, as the message was leased again",
    "an ack of an expired lease taken",
    "a second ack refused",
    "an ack refused, as an operator had forced the message",
    "a dequeue that leased nothing, as its ack was lost",
    "a dequeue that others left nothing for since its look",
    "a message leased at once, as there was nothing else to do",
    "a message seen, and not leased at once after all",
    "a message acked late that was the next to be leased",
    "a topic paused between a dequeue's look and its lease",
    "a dequeue that reclaims over its limit",
    "a dequeue that promotes over its limit",
    "a lease reclaimed as the clock had been set back",
    "a reclaim that exhausted a message",
    "a requeue that exhausted a message",
    "a limit lowered in flight that made a message dead",
    "a delayed message promoted while others were processing",
    "a pause that ended by time",
    "an expired lease extended",
    "an expired lease requeued by its holder",
    "a release that gave the attempt back",
    "a dedup race lost",
    "a key freed by an ack and taken in the same transaction",
    "an untouched message of a dead worker gone back uncounted",
    "a suspect that ran alone and crashed",
    "a poison message dead",
    "a message of a dead worker that was reclaimed before its recovery",
    "a message moved to a paused topic",
    "a move that met a held key",
    "a requeue by an operator that met a held key",
    "an edit that met a held key",
    "a done message brought back",
    "an action on what was seen in another state",
    "an action on what left its state and came back",
    "a bulk action whose targets moved on",
    "a bulk action in chunks",
    "an action that every key kept from its messages",
    "a purge in chunks",
    "an undo of what had moved on",
    "an undo that met a held key",
    "an undo of what had been purged from the trash",
    "an undo in turn: what an earlier operation left",
    "an undo that came too late",
    "an undo of two at once",
    "an undo of a setting that was changed again",
    "a pause or policy undone",
    "a done message kept, then pruned",
    "a deleted message pruned after a day",
    "an empty topic forgotten",
    "a crash between a dequeue's commit and its return",
    "a crash between an enqueue's commit and its return",
    "a crash between an ack's commit and its return",
    "a crash between two chunks of an operator's action",
    "a crash inside a transaction, which took it back",
    "a transaction left by an error, which took it back",
)


class Rare:
    """Counts them."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter(dict.fromkeys(EVENTS, 0))

    def note(self, event: str, times: int = 1) -> None:
        """Count an event of the list."""
        assert event in self.seen, f"{event!r} stands in no list"
        self.seen[event] += times

    def never(self) -> list[str]:
        """Return what did not happen."""
        return [event for event in EVENTS if not self.seen[event]]
