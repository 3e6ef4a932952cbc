"""What every view is given to show: the newest snapshot, the time, and how the session may act.

Frozen values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_tui.figures.snapshot import Snapshot
    from smq_tui.figures.sparkline_series import RateSeries
    from smq_tui.values import WorkerInfo

__all__ = ["Context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The dashboard at one moment."""

    snapshot: Snapshot | None = None
    """None before the first look."""
    now: float = 0.0
    """Seconds since the epoch."""
    series_by_topic: Mapping[str, RateSeries] = field(default_factory=dict)
    trouble: str = ""
    """Why nothing can be read at the moment."""
    location: str = ""

    @property
    def is_stale(self) -> bool:
        """True when what is known may be out of date."""
        return bool(self.trouble)

    @property
    def workers(self) -> Mapping[str, WorkerInfo]:
        """The daemons by id."""
        return {worker.id: worker for worker in self.snapshot.reading.workers} if self.snapshot else {}

    @property
    def ended(self) -> frozenset[str]:
        """The daemons that are lost and have ended for sure, by id."""
        return self.snapshot.reading.ended if self.snapshot else frozenset()

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of all topics."""
        return tuple(stats.topic for stats in self.snapshot.reading.topics) if self.snapshot else ()
