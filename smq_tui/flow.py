"""How many messages of a topic were processed between two readings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smq_tui.values import TopicStats

__all__ = ["processed_between"]


def processed_between(before: TopicStats, after: TopicStats) -> int:
    """Return how many were processed, as far as the counters tell.

    What operators put into the trash is not among them, nor what is purged from it: that left the trash
    before it counts as gone. It is a few less where a deletion was undone meanwhile.
    """
    purged = max(0, before.deleted - after.deleted)
    return max(0, after.processed - before.processed - purged)
