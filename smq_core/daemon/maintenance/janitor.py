"""Housekeeping, a step at a time.

Prunes, tidies files, writes samples, and notices what an operator should know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.daemon.maintenance.sampling import Sampler
from smq_core.daemon.system.file_health import DatabaseFile, disk_state
from smq_core.format import age, size

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.daemon.log import Journal
    from smq_core.store.base import Store

__all__ = [
    "JUMP_MS",
    "LONG_KEPT_MS",
    "LONG_STEP_MS",
    "LONG_WAL_BYTES",
    "OPTIMIZE_EVERY_S",
    "PRUNES_A_STEP",
    "PRUNE_EVERY_S",
    "SHORT_KEPT_MS",
    "SHORT_STEP_MS",
    "TIDY_EVERY_S",
    "Janitor",
]

SHORT_STEP_MS: Final = 10_000
SHORT_KEPT_MS: Final = 3_600_000
LONG_STEP_MS: Final = 600_000
LONG_KEPT_MS: Final = 7 * 86_400_000
PRUNE_EVERY_S: Final = 10.0
TIDY_EVERY_S: Final = 5.0
OPTIMIZE_EVERY_S: Final = 3600.0
PRUNES_A_STEP: Final = 20
"""Short transactions in one step; the rest is left for the next, so that others come between."""
JUMP_MS: Final = 10_000
LONG_WAL_BYTES: Final = 64 * 1024 * 1024


class Janitor:
    """Keeps one database in order; several daemons may do so side by side."""

    def __init__(self, store: Store, file: DatabaseFile, clock: Clock, journal: Journal) -> None:
        """Begin; nothing is due before its first interval is over."""
        self._store = store
        self._file = file
        self._clock = clock
        self._journal = journal
        now = clock.monotonic()
        self._last_moment = (now, clock.now_ms())
        self._prune_at = now + PRUNE_EVERY_S
        self._tidy_at = now + TIDY_EVERY_S
        self._optimize_at = now + OPTIMIZE_EVERY_S
        self._sampled: dict[int, int] = {}
        self._samplers = {step_ms: Sampler(step_ms) for step_ms in (SHORT_STEP_MS, LONG_STEP_MS)}

    def step(self) -> None:
        """Do what is due.

        Raises:
            StoreError: when the database does not take it; the next step tries again.
        """
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        self._look_at_clock(now, now_ms)
        self._look_at_disk()
        self._look_at_names()
        self.sample(now_ms)
        if now >= self._prune_at:
            self._prune_at = now + PRUNE_EVERY_S
            self.prune(now_ms)
        if now >= self._tidy_at:
            self._tidy_at = now + TIDY_EVERY_S
            self._tidy()
        if now >= self._optimize_at:
            self._optimize_at = now + OPTIMIZE_EVERY_S
            self._store.optimize()

    def prune(self, now_ms: int) -> int:
        """Remove what is past its time, in short transactions; return how much was removed.

        Raises:
            StoreError: when the database does not take it.
        """
        removed = 0
        for _ in range(PRUNES_A_STEP):
            count = self._store.prune(now_ms).total
            removed += count
            if not count:
                break
        else:
            self._prune_at = self._clock.monotonic()
        return removed

    def sample(self, now_ms: int) -> None:
        """Write the counters of topics where something happens down when a new period has begun.

        Of several daemons the first one's count.

        Raises:
            StoreError: when the database does not take it.
        """
        for step_ms, kept_ms in ((SHORT_STEP_MS, SHORT_KEPT_MS), (LONG_STEP_MS, LONG_KEPT_MS)):
            at = now_ms - now_ms % step_ms
            if self._sampled.get(step_ms) == at:
                continue
            sampler = self._samplers[step_ms]
            self._store.add_samples(sampler.choose(at, self._store.topics(now_ms)), step_ms, now_ms - kept_ms)
            self._sampled[step_ms] = at

    def _tidy(self) -> None:
        found = self._store.tidy()
        if found.wal_bytes > LONG_WAL_BYTES:
            who = f"; it is being read by {found.readers}" if found.readers else ""
            self._journal.begin(
                "wal_held_back",
                f"the WAL file is {size(found.wal_bytes)} and cannot be reset{who}: end the long read "
                "transaction",
            )
        else:
            self._journal.end("wal_held_back", f"the WAL file has shrunk to {size(found.wal_bytes)}")

    def _look_at_clock(self, now: float, now_ms: int) -> None:
        then, then_ms = self._last_moment
        self._last_moment = (now, now_ms)
        jump_ms = (now_ms - then_ms) - round((now - then) * 1000)
        if abs(jump_ms) > JUMP_MS:
            direction = "forward" if jump_ms > 0 else "back"
            self._journal.warning(
                "clock_jumped",
                f"the clock was set {direction} by {age(abs(jump_ms) / 1000)}: delays and leases are off by "
                "the same amount",
            )

    def _look_at_names(self) -> None:
        """Notice a hard link that was made after the database was opened, which then is refused."""
        names = self._file.names()
        if names > 1:
            self._journal.begin(
                "database_linked",
                f"the database has {names} names (hard links): a program that opens it by any name other "
                "than the one that this daemon uses loses messages and damages the file. Remove all names "
                f"but {self._file.path}",
            )
        elif names:
            self._journal.end("database_linked", "the database no longer has other hard links")

    def _look_at_disk(self) -> None:
        disk = disk_state(self._file.path)
        if disk is None:
            return
        if disk.is_filling:
            self._journal.begin(
                "disk_filling", f"{size(disk.free_bytes)} left on the database's disk: free some space"
            )
        else:
            self._journal.end("disk_filling", f"{size(disk.free_bytes)} are free again")
