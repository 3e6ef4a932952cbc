"""How long the daemon goes on without its database.

It says so once, tries again ever more rarely, and gives up after a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.daemon.log import Journal
    from smq_core.errors import StoreError

__all__ = ["FIRST_WAIT_S", "LONGEST_WAIT_S", "Outage"]

FIRST_WAIT_S: Final = 0.05
LONGEST_WAIT_S: Final = 1.0
_ACTION: Final = "database_unavailable"


class Outage:
    """Keeps the time since the database was lost."""

    def __init__(self, limit_s: float, clock: Clock, journal: Journal) -> None:
        """Give up after `limit_s` seconds."""
        self._limit_s = limit_s
        self._clock = clock
        self._journal = journal
        self._lost_at: float | None = None
        self._wait_s = FIRST_WAIT_S
        self._retry_at = 0.0

    def allow(self, limit_s: float) -> None:
        """Give up after `limit_s` seconds from now on, also where it is lost already."""
        self._limit_s = limit_s

    @property
    def is_lost(self) -> bool:
        """Return whether the last try failed."""
        return self._lost_at is not None

    @property
    def is_over(self) -> bool:
        """Return whether it has been lost for too long."""
        return self._lost_at is not None and self._clock.monotonic() - self._lost_at >= self._limit_s

    def wait_s(self) -> float:
        """Return in how many seconds the next try is due."""
        return max(0.0, self._retry_at - self._clock.monotonic()) if self.is_lost else 0.0

    def failed(self, error: StoreError) -> None:
        """Note a try that failed."""
        now = self._clock.monotonic()
        if self._lost_at is None:
            self._lost_at = now
            self._wait_s = FIRST_WAIT_S
            self._journal.begin(
                _ACTION,
                f"{error}; handlers keep running, outcomes are buffered, "
                f"retrying for up to {self._limit_s:g} s",
            )
        self._retry_at = now + self._wait_s
        self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)

    def succeeded(self) -> None:
        """Note a try that went well."""
        if self._lost_at is not None:
            lost_s = self._clock.monotonic() - self._lost_at
            self._lost_at = None
            self._journal.end(_ACTION, f"the database is available again, after {lost_s:.1f} s")
