"""What came in, went out and waited over time, from a daemon's samples or from what the dashboard saw itself.

Pure.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smq_tui.figures.flow import processed_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from smq_tui.figures.snapshot import Reading, Snapshot
    from smq_tui.values import TopicSample, TopicStats

__all__ = ["RateSeries", "at_last", "continued", "from_readings", "from_samples", "total"]

_GAP_STEPS: Final = 2.5
"""Two samples further apart than this many steps have a gap between them: nothing was counted then."""


@dataclass(frozen=True, slots=True)
class RateSeries:
    """Measurements of one topic, or of all together, oldest first; each is a moment and a figure."""

    arrived: tuple[tuple[float, float], ...] = ()
    """Messages a second that came in."""
    left: tuple[tuple[float, float], ...] = ()
    depth: tuple[tuple[float, float], ...] = ()


def from_samples(samples: Iterable[TopicSample], step: float) -> dict[str, RateSeries]:
    """Make each topic's series of a daemon's samples."""
    by_topic: dict[str, list[tuple[float, int, int, int]]] = {}
    for sample in samples:
        by_topic.setdefault(sample.topic, []).append(
            (sample.at, sample.entered, sample.processed, sample.depth)
        )
    return {topic: _series_of(points, step) for topic, points in by_topic.items()}


def from_readings(history: Sequence[Reading], longest_gap: float) -> dict[str, RateSeries]:
    """Make each topic's series of the dashboard's own readings."""
    by_topic: dict[str, list[tuple[float, int, int, int]]] = {}
    before: dict[str, TopicStats] = {}
    for reading in history:
        for stats in reading.topics:
            depth = _depth(stats)
            points = by_topic.setdefault(stats.topic, [])
            last = before.get(stats.topic)
            processed = points[-1][2] + processed_between(last, stats) if points and last else 0
            points.append((reading.at, stats.entered, processed, depth))
            before[stats.topic] = stats
    return {topic: _series_of(points, longest_gap / _GAP_STEPS) for topic, points in by_topic.items()}


def continued(long: Mapping[str, RateSeries], recent: Mapping[str, RateSeries]) -> dict[str, RateSeries]:
    """Let series of rare samples go on with what was measured since the last of each, up to now."""
    return {
        topic: _joined(long.get(topic, RateSeries()), recent.get(topic, RateSeries()))
        for topic in (*long, *(topic for topic in recent if topic not in long))
    }


def at_last(snapshot: Snapshot) -> dict[str, RateSeries]:
    """Make a series of one point each of what topics hold, and how fast they move, by the last reading."""
    at = snapshot.reading.at
    return {
        line.stats.topic: RateSeries(
            arrived=() if line.in_per_s is None else ((at, line.in_per_s),),
            left=() if line.out_per_s is None else ((at, line.out_per_s),),
            depth=((at, float(_depth(line.stats))),),
        )
        for line in snapshot.lines
    }


def _depth(stats: TopicStats) -> int:
    return stats.ready + stats.delayed + stats.processing


def _joined(long: RateSeries, recent: RateSeries) -> RateSeries:
    return RateSeries(
        *(
            (*before, *(point for point in after if not before or point[0] > before[-1][0]))
            for before, after in (
                (long.arrived, recent.arrived),
                (long.left, recent.left),
                (long.depth, recent.depth),
            )
        )
    )


def total(series_by_topic: Mapping[str, RateSeries], step: float) -> RateSeries:
    """Add the series of all topics, moment by moment."""
    return RateSeries(
        arrived=_sum([series.arrived for series in series_by_topic.values()], step),
        left=_sum([series.left for series in series_by_topic.values()], step),
        depth=_sum([series.depth for series in series_by_topic.values()], step),
    )


def _series_of(points: Sequence[tuple[float, int, int, int]], step: float) -> RateSeries:
    arrived: list[tuple[float, float]] = []
    left: list[tuple[float, float]] = []
    for (then, entered, processed, _), (now, entered_now, processed_now, _) in itertools.pairwise(points):
        seconds = now - then
        if 0 < seconds <= step * _GAP_STEPS:
            arrived.append((now, max(0.0, (entered_now - entered) / seconds)))
            left.append((now, max(0.0, (processed_now - processed) / seconds)))
    return RateSeries(tuple(arrived), tuple(left), tuple((at, float(depth)) for at, _, _, depth in points))


def _sum(series: Sequence[Sequence[tuple[float, float]]], step: float) -> tuple[tuple[float, float], ...]:
    sums: dict[float, float] = {}
    for points in series:
        highest: dict[float, float] = {}
        for at, value in points:
            # several points of one topic may fall into a step: they are not added to one another
            moment = round(at / step) * step if step else at
            highest[moment] = max(value, highest.get(moment, 0.0))
        for moment, value in highest.items():
            sums[moment] = sums.get(moment, 0.0) + value
    return tuple(sorted(sums.items()))
