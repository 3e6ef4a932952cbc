"""What the dashboard knows at one moment: readings of the database, and what follows from two of them.

Pure: no clock, no database, no widget. `derive` makes each snapshot from the one before and a new reading,
`aged` lets its ages go on between two readings.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from smq_tui.figures.diagnosis import Problem, Rank, diagnose
from smq_tui.figures.flow import processed_between

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smq_tui.values import DaemonDeath, TopicStats, WorkerInfo

__all__ = ["Reading", "Snapshot", "TopicLine", "Totals", "aged", "derive", "later"]

_RATE_WINDOW_S: Final = 10.0
"""Rates are averages over this time: short enough to see a stop, long enough to be read."""
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
    held_by_lost: Mapping[str, int] = field(default_factory=dict)
    """How many each daemon holds that is lost, by its id."""
    ended: frozenset[str] = frozenset()
    """Those of the lost daemons that have ended for sure, by their ids."""
    deaths: tuple[DaemonDeath, ...] = ()
    """The daemons that died in the last 24 hours, newest first."""
    why_unwritable: str = ""
    """Why the database could only be read; empty where it could be written."""


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
    problem: Problem | None = None


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
    """How fast the ready ones become more (or less); None while they stay as many, or at first."""
    dead_since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the dashboard shows of the queue as a whole."""

    reading: Reading
    lines: tuple[TopicLine, ...] = ()
    """The worst first, of equals that with more that waits; the rest by name."""
    totals: Totals = Totals()
    history: tuple[Reading, ...] = ()
    """Earlier readings, oldest first, this one the last."""
    paused_at: Mapping[str, float] = field(default_factory=dict)
    """When topics were last seen paused."""
    moved_at: Mapping[str, float] = field(default_factory=dict)
    """When something of each topic was last seen to be processed, or when one began to look."""

    @property
    def worst(self) -> TopicLine | None:
        """The topic that needs somebody most."""
        return self.lines[0] if self.lines and self.lines[0].problem else None

    def line(self, topic: str) -> TopicLine | None:
        """Return one topic's line."""
        return next((line for line in self.lines if line.stats.topic == topic), None)


def derive(previous: Snapshot | None, current: Reading) -> Snapshot:
    """Make the snapshot that follows.

    A clock that was set back restarts, and rates are unknown for a moment.
    """
    before = previous.history if previous is not None else ()
    if before and before[-1].at > current.at:
        before = ()
    history = (*_thinned(before, current.at), current)
    base = _base(history)
    paused_at = {stats.topic: current.at for stats in current.topics if stats.paused}
    if previous is not None and before:
        paused_at = {**previous.paused_at, **paused_at}
    lines = [_line(stats, current, base, history[0]) for stats in current.topics]
    moved_at = _moved(previous if before else None, current)
    return Snapshot(
        reading=current,
        lines=_diagnosed(lines, current, paused_at, moved_at),
        totals=_totals(current, base, history),
        history=history,
        paused_at=paused_at,
        moved_at=moved_at,
    )


def aged(snapshot: Snapshot, now: float) -> Snapshot:
    """Make the snapshot as it looks some seconds later, so that every age on a screen is of one moment."""
    reading = later(snapshot.reading, now)
    if reading is snapshot.reading:
        return snapshot
    by_topic = {stats.topic: stats for stats in reading.topics}
    lines = [replace(line, stats=by_topic[line.stats.topic]) for line in snapshot.lines]
    totals = replace(snapshot.totals, oldest_age_s=_oldest(reading))
    shown = _diagnosed(lines, reading, snapshot.paused_at, snapshot.moved_at)
    return replace(snapshot, reading=reading, lines=shown, totals=totals)


def later(reading: Reading, now: float) -> Reading:
    """Make the reading as it would be later if nobody wrote; a clock that was set back changes nothing.

    Who is lost stays as it was read, like what he holds: a daemon that writes has another row by now.
    """
    since = now - reading.at
    if since <= 0:
        return reading
    topics = tuple(
        stats
        if stats.oldest_age_s is None
        else msgspec.structs.replace(stats, oldest_age_s=stats.oldest_age_s + since)
        for stats in reading.topics
    )
    return replace(reading, at=now, topics=topics)


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
    """Return the reading that rates are counted from: the oldest within the window, or the last before it."""
    now = history[-1].at
    within = [reading for reading in history[:-1] if now - reading.at <= _RATE_WINDOW_S]
    if within:
        return within[0]
    return history[-2] if len(history) > 1 else None


def _line(stats: TopicStats, current: Reading, base: Reading | None, oldest: Reading) -> TopicLine:
    then = None if base is None else _stats(base, stats.topic)
    seconds = 0.0 if base is None else current.at - base.at
    arrived = _rate(stats.entered, then.entered, seconds) if then else None
    left = max(0, processed_between(then, stats)) / seconds if then and seconds > 0 else None
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
    )


def _moved(previous: Snapshot | None, current: Reading) -> dict[str, float]:
    if previous is None:
        return {stats.topic: current.at for stats in current.topics}
    then = {stats.topic: stats for stats in previous.reading.topics}
    return {
        stats.topic: current.at
        if (before := then.get(stats.topic)) is None or processed_between(before, stats)
        else previous.moved_at.get(stats.topic, current.at)
        for stats in current.topics
    }


def _diagnosed(
    lines: Sequence[TopicLine],
    reading: Reading,
    paused_at: Mapping[str, float],
    moved_at: Mapping[str, float],
) -> tuple[TopicLine, ...]:
    """Describe what is wrong with each topic, the worst first, and of equals the one with more waiting."""
    told = [
        replace(
            line,
            problem=diagnose(
                line.stats,
                workers=reading.workers,
                expired=line.expired,
                left_behind=line.left_behind,
                in_per_s=line.in_per_s,
                out_per_s=line.out_per_s,
                now=reading.at,
                paused_at=paused_at.get(line.stats.topic),
                moved_at=moved_at.get(line.stats.topic),
                deaths=reading.deaths,
            ),
        )
        for line in lines
    ]
    return tuple(sorted(told, key=_urgency))


def _urgency(line: TopicLine) -> tuple[int, int, str]:
    if line.problem is None:
        return (Rank.NONE, 0, line.stats.topic)
    return (line.problem.rank, -line.stats.ready, line.stats.topic)


def _totals(current: Reading, base: Reading | None, history: Sequence[Reading]) -> Totals:
    topics = current.topics
    ready = _ready(current)
    dead = sum(stats.dead for stats in topics)
    change = None
    if base is not None and current.at > base.at and ready != _ready(history[-2]):
        change = (ready - _ready(base)) / (current.at - base.at)
    return Totals(
        ready=ready,
        delayed=sum(stats.delayed for stats in topics),
        processing=sum(stats.processing for stats in topics),
        dead=dead,
        expired=sum(current.expired.values()),
        oldest_age_s=_oldest(current),
        ready_per_s=change,
        dead_since=dead - sum(stats.dead for stats in history[0].topics),
    )


def _ready(reading: Reading) -> int:
    return sum(stats.ready for stats in reading.topics)


def _oldest(reading: Reading) -> float | None:
    ages = [stats.oldest_age_s for stats in reading.topics if stats.oldest_age_s is not None]
    return max(ages, default=None)


def _rate(now: int, then: int, seconds: float) -> float | None:
    return max(0.0, (now - then) / seconds) if seconds > 0 else None


def _stats(reading: Reading, topic: str) -> TopicStats | None:
    return next((stats for stats in reading.topics if stats.topic == topic), None)
