"""How a session may act and how it looks.

What the command line, the configuration and the keys of the session decide. Values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smq_core.actor import user_name

if TYPE_CHECKING:
    from smq_tui.values import Location

__all__ = ["INTERVALS", "DashboardSession"]

INTERVALS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds between refreshes that `+` and `-` step through."""


@dataclass(slots=True, kw_only=True)
class DashboardSession:
    """The state of one run of the dashboard that is not the queue's."""

    location: Location
    """Where the queue is."""
    name: str = ""
    """As the configuration calls it."""
    colour: str = ""
    """Of the configuration: where production looks different."""
    read_only: bool = False
    """Opened so that nothing can be written."""
    is_read_only_asked: bool = False
    """The command line asked for that: it holds for every database that is shown."""
    why_unwritable: str = ""
    """Why this user could not write the database when it was read last; empty where that is possible."""
    is_locked: bool = False
    """Locked by `!` for now."""
    interval: float = 1.0
    is_refresh_paused: bool = False
    """Paused by `f`: what is shown stays as it is."""
    actor: str = field(default_factory=user_name)
    """Who the activity log names for what is done here."""

    @property
    def key(self) -> str:
        """What the database goes by: its name, else its path."""
        return self.name or self.location.name

    @property
    def why_no_change(self) -> str | None:
        """Explain why nothing may be changed, None when it may."""
        if self.read_only:
            return "read-only, by --read-only or the configuration: nothing can be changed"
        if self.why_unwritable:
            return f"read-only: {self.why_unwritable}"
        if self.is_locked:
            return "locked: press ! to unlock"
        return None

    def step_interval(self, by: int) -> float:
        """Take the next shorter or longer interval."""
        nearest = min(range(len(INTERVALS)), key=lambda index: abs(INTERVALS[index] - self.interval))
        self.interval = INTERVALS[max(0, min(len(INTERVALS) - 1, nearest + by))]
        return self.interval
