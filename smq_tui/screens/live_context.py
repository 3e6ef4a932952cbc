"""What is known of the queue, from the newest reading on: it grows older until the next one arrives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from smq_tui.figures.snapshot import Snapshot, aged, derive, later
from smq_tui.figures.sparkline_series import RateSeries, from_readings, from_samples
from smq_tui.requests import SamplesOf
from smq_tui.screens.context import Context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.figures.snapshot import Reading
    from smq_tui.settings.session import DashboardSession
    from smq_tui.values import Clock, TopicSample

__all__ = ["SAMPLE_STEP_S", "LiveContext"]

SAMPLE_STEP_S: Final = 10.0
_TRAIL_S: Final = 600.0
_SAMPLES_EVERY_S: Final = 10.0


class LiveContext:
    """The context at this moment, made of readings, samples and the time."""

    def __init__(self, session: DashboardSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self.context = Context(now=self._now(), location=session.location.name)
        self.trouble = ""
        """Why nothing can be read at the moment."""
        self._read: Snapshot | None = None
        """As it was read; what is shown of it is as old as the moment at which it is shown."""
        self._seen_at = clock.monotonic()
        self._samples: dict[str, RateSeries] = {}
        self._samples_at: float | None = None

    @property
    def stale_s(self) -> float:
        """How long ago what is known was read."""
        return max(0.0, self._clock.monotonic() - self._seen_at)

    def take(self, reading: Reading | None, trouble: str) -> None:
        """Know what was read, or why nothing could be."""
        self.trouble = trouble
        if reading is None:
            self._grow_older()
        else:
            self._seen_at = self._clock.monotonic()
            self._session.why_unwritable = reading.why_unwritable
            self._know(derive(self._read, reading))

    def take_samples(self, samples: Sequence[TopicSample]) -> None:
        """Take a daemon's samples for sparklines."""
        self._samples = from_samples(samples, SAMPLE_STEP_S)
        if self._read is not None:
            self._know(self._read)

    def samples_wanted(self) -> SamplesOf | None:
        """Return what to ask for so that sparklines stay up to date, None while they are."""
        now = self._clock.monotonic()
        if self._samples_at is not None and now - self._samples_at < _SAMPLES_EVERY_S:
            return None
        self._samples_at = now
        return SamplesOf(SAMPLE_STEP_S, self.context.now - _TRAIL_S)

    def tick(self) -> None:
        """Let ages grow, and rates fall to nothing when nobody writes."""
        snapshot = self._read
        now = self._now()
        is_quiet = snapshot is not None and now - snapshot.reading.at >= 2 * self._session.interval
        if snapshot is not None and is_quiet and not self.trouble and _is_moving(snapshot):
            self._know(derive(snapshot, later(snapshot.reading, now)))
        else:
            self._grow_older()

    def _know(self, snapshot: Snapshot) -> None:
        self._read = snapshot
        own = from_readings(snapshot.history, max(SAMPLE_STEP_S, self._session.interval) * 2.5)
        now = self._now()
        self.context = Context(
            snapshot=aged(snapshot, now),
            now=now,
            series_by_topic={topic: self._samples.get(topic, series) for topic, series in own.items()},
            trouble=self.trouble,
            location=self._session.location.name,
        )

    def _grow_older(self) -> None:
        """Let time pass; while nothing can be read, what is known stays as it was at the last moment."""
        now = self._now()
        if self._read is None:
            self.context = replace(self.context, now=now, trouble=self.trouble)
        elif self.trouble:
            self.context = replace(self.context, trouble=self.trouble)
        else:
            self.context = replace(self.context, snapshot=aged(self._read, now), now=now, trouble="")

    def _now(self) -> float:
        return self._clock.now_ms() / 1000


def _is_moving(snapshot: Snapshot) -> bool:
    rates = any(line.in_per_s or line.out_per_s for line in snapshot.lines)
    return rates or bool(snapshot.totals.ready_per_s)
