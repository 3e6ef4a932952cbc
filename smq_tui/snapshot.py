"""What the dashboard knows at one moment: readings of the database, and what follows from two of them.

Pure: no clock, no database, no widget. `derive` makes each snapshot from the one before and a new reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from smq_tui.troubles import Trouble, diagnose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_tui.values import TopicStats, WorkerInfo

__all__ = ["Reading", "Snapshot", "TopicLine", "Totals", "derive"]

_RATE_WINDOW_S: Final = 10.0
"""Rates are averages over so long: short enough to see a stop, long enough to be read."""
_KEPT_S: Final = 600.0
"""How far back readings are remembered: what the sparklines show."""
_THIN_S: Final = 10.0
"""Between readings that are older than the rate's window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at the database."""

    at: float
    """When, in seconds since the epoch."""
    topics: tuple[TopicStats, ...] = ()
    workers: tuple[WorkerInfo, ...] = ()
    expired: Mapping[str, int] = field(default_factory=dict)
    """How many leases are past their time, by topic."""
    left_behind: Mapping[str, int] = field(default_factory=dict)
    """How many others are held by daemons that are lost, by topic."""
    ended: frozenset[str] = frozenset()
    """Those of the lost daemons that have ended for sure, by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicLine:
    """One topic: its figures, how fast it moves, and what is wrong with it."""

    stats: TopicStats
    expired: int = 0
    left_behind: int = 0
    in_per_s: float | None = None
    """None until there are two readings."""
    out_per_s: float | None = None
    dead_since: int = 0
    """How many more are dead than at the oldest reading remembered."""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """All topics together."""

    ready: int = 0
    delayed: int = 0
    processing: int = 0
    dead: int = 0
    expired: int = 0
    oldest_age_s: float | None = None
    ready_per_s: float | None = None
    """How fast the ready ones become more (or less)."""
    dead_since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the dashboard shows of the queue as a whole."""

    reading: Reading
    lines: tuple[TopicLine, ...] = ()
    """What is wrong comes first, then by name."""
    totals: Totals = Totals()
    history: tuple[Reading, ...] = ()
    """Earlier readings, oldest first, this one the last."""

    @property
    def worst(self) -> TopicLine | None:
        """The topic that needs somebody most."""
        return self.lines[0] if self.lines and self.lines[0].trouble else None

    def line(self, topic: str) -> TopicLine | None:
        """Answer one topic's line."""
        return next((line for line in self.lines if line.stats.topic == topic), None)


def derive(previous: Snapshot | None, current: Reading) -> Snapshot:
    """Make the snapshot that follows.

    A clock that was set back begins anew, and rates are unknown for a moment.
    """
    before = previous.history if previous is not None else ()
    if before and before[-1].at > current.at:
        before = ()
    history = (*_thinned(before, current.at), current)
    base = _base(history)
    lines = [_line(stats, current, base, history[0]) for stats in current.topics]
    lines.sort(key=lambda line: (line.trouble.rank if line.trouble else Trouble.LOWEST, line.stats.topic))
    return Snapshot(
        reading=current, lines=tuple(lines), totals=_totals(current, base, history[0]), history=history
    )


def _thinned(history: tuple[Reading, ...], now: float) -> tuple[Reading, ...]:
    kept: list[Reading] = []
    for reading in history:
        age = now - reading.at
        if age > _KEPT_S:
            continue
        if kept and age > _RATE_WINDOW_S and reading.at - kept[-1].at < _THIN_S:
            continue
        kept.append(reading)
    return tuple(kept)


def _base(history: tuple[Reading, ...]) -> Reading | None:
    """Answer the reading that rates are counted from: the oldest within the window, or the last before it."""
    now = history[-1].at
    within = [reading for reading in history[:-1] if now - reading.at <= _RATE_WINDOW_S]
    if within:
        return within[0]
    return history[-2] if len(history) > 1 else None


def _line(stats: TopicStats, current: Reading, base: Reading | None, oldest: Reading) -> TopicLine:
    then = None if base is None else _stats(base, stats.topic)
    seconds = 0.0 if base is None else current.at - base.at
    arrived = _rate(stats.entered, then.entered, seconds) if then else None
    left = _rate(stats.finished, then.finished, seconds) if then else None
    expired = current.expired.get(stats.topic, 0)
    left_behind = current.left_behind.get(stats.topic, 0)
    first = _stats(oldest, stats.topic)
    return TopicLine(
        stats=stats,
        expired=expired,
        left_behind=left_behind,
        in_per_s=arrived,
        out_per_s=left,
        dead_since=stats.dead - (first.dead if first else stats.dead),
        trouble=diagnose(
            stats,
            workers=current.workers,
            expired=expired,
            left_behind=left_behind,
            in_per_s=arrived,
            out_per_s=left,
            now=current.at,
        ),
    )


def _totals(current: Reading, base: Reading | None, oldest: Reading) -> Totals:
    topics = current.topics
    ages = [stats.oldest_age_s for stats in topics if stats.oldest_age_s is not None]
    ready = sum(stats.ready for stats in topics)
    dead = sum(stats.dead for stats in topics)
    change = None
    if base is not None and current.at > base.at:
        change = (ready - sum(stats.ready for stats in base.topics)) / (current.at - base.at)
    return Totals(
        ready=ready,
        delayed=sum(stats.delayed for stats in topics),
        processing=sum(stats.processing for stats in topics),
        dead=dead,
        expired=sum(current.expired.values()),
        oldest_age_s=max(ages, default=None),
        ready_per_s=change,
        dead_since=dead - sum(stats.dead for stats in oldest.topics),
    )


def _rate(now: int, then: int, seconds: float) -> float | None:
    return max(0.0, (now - then) / seconds) if seconds > 0 else None


def _stats(reading: Reading, topic: str) -> TopicStats | None:
    return next((stats for stats in reading.topics if stats.topic == topic), None)
