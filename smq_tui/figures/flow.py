"""How many messages of a topic were processed between two readings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smq_tui.values import TopicStats

__all__ = ["processed_between"]


def processed_between(before: TopicStats, after: TopicStats) -> int:
    """Return how many were processed; none where the topic was dropped and restarted meanwhile."""
    return max(0, after.processed - before.processed)
