"""What a daemon has done, in numbers by topic. Pure."""

from __future__ import annotations

from smq_core.daemon.dispatch.topic_counts import TopicCounts

__all__ = ["OutcomeCounts"]


class OutcomeCounts:
    """How many messages a daemon processed and how many runs of handlers failed, by topic."""

    def __init__(self) -> None:
        """Begin with none."""
        self.processed = TopicCounts()
        self.failed = TopicCounts()

    def total(self) -> int:
        """Count the runs that have ended either way."""
        return self.processed.total() + self.failed.total()

    def trim(self) -> None:
        """Put the smallest counts together where there are too many topics."""
        self.processed.trim()
        self.failed.trim()
