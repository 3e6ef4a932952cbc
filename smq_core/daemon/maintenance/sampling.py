"""Chooses the topics whose counters are written down, for rates and sparklines: those with news. Pure."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.store.records import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.message import TopicStats

__all__ = ["MOST_SAMPLED", "Sampler"]

MOST_SAMPLED: Final = 1_000
"""Topics of which one round writes something."""


class _Figures(NamedTuple):
    entered: int
    processed: int
    depth: int


class Sampler:
    """Chooses what one step of samples writes down; remembers the topics that there are."""

    def __init__(self, step_ms: int) -> None:
        """Begin without a round to compare with."""
        self._step_ms = step_ms
        self._at = 0
        self._before: dict[str, _Figures] = {}
        self._written: set[str] = set()

    def choose(self, at: int, topics: Sequence[TopicStats]) -> list[Sample]:
        """Return the samples of a round.

        A topic in which nothing waits and nothing happened has none; where something happens in it again, its
        last figures are written too, from which the rate of this round is counted.
        """
        now = {
            one.topic: _Figures(one.entered, one.processed, one.ready + one.delayed + one.processing)
            for one in topics
        }
        written = nlargest(
            MOST_SAMPLED,
            (topic for topic, figures in now.items() if figures.depth or self._change(topic, figures)),
            key=lambda topic: (self._change(topic, now[topic]), now[topic].depth),
        )
        samples = [*self._last_figures(at, written), *(Sample(at, topic, *now[topic]) for topic in written)]
        self._at, self._before, self._written = at, now, set(written)
        return samples

    def _change(self, topic: str, figures: _Figures) -> int:
        before = self._before.get(topic)
        if before is None:
            # of what was there when the daemon began nobody knows what happened last
            return figures.entered if self._at else 0
        return abs(figures.entered - before.entered) + abs(figures.processed - before.processed)

    def _last_figures(self, at: int, topics: Sequence[str]) -> Iterator[Sample]:
        if self._at == at - self._step_ms:
            for topic in topics:
                if topic in self._before and topic not in self._written:
                    yield Sample(self._at, topic, *self._before[topic])
