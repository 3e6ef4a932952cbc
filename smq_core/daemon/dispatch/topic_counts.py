"""Counts of a bounded number of topics, for a daemon through which any number of them may pass. Pure."""

from __future__ import annotations

from collections import Counter
from heapq import nlargest
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.message import TopicStats

__all__ = ["MOST_TOPICS", "OTHERS", "TopicCounts", "with_others_together"]

MOST_TOPICS: Final = 1_000
"""Topics that are told apart."""
OTHERS: Final = "*"
"""Stands for all others together; no topic is called that."""
_SUMMED: Final = ("ready", "delayed", "processing", "dead", "done", "deleted", "entered", "gone")


class TopicCounts(Counter[str]):
    """Counts by topic; where there are too many topics, the smallest counts are put together."""

    def trim(self) -> None:
        """Put the smallest counts together once there are twice as many topics as are told apart."""
        if len(self) <= 2 * MOST_TOPICS:
            return
        for topic, count in self.most_common()[MOST_TOPICS:]:
            if topic != OTHERS:
                self[OTHERS] += count
                del self[topic]


def with_others_together(topics: Sequence[TopicStats]) -> list[TopicStats]:
    """Return the topics that most messages ever came into, and one for all others if there are too many."""
    if len(topics) <= MOST_TOPICS:
        return list(topics)
    kept = nlargest(MOST_TOPICS, topics, key=attrgetter("entered"))
    names = {stats.topic for stats in kept}
    others = [stats for stats in topics if stats.topic not in names]
    sums = {name: sum(getattr(stats, name) for stats in others) for name in _SUMMED}
    oldest = max((stats.oldest_age_s for stats in others if stats.oldest_age_s is not None), default=None)
    is_paused = any(stats.paused for stats in others)
    together = msgspec.structs.replace(others[0], topic=OTHERS, oldest_age_s=oldest, paused=is_paused, **sums)
    return [*kept, together]
