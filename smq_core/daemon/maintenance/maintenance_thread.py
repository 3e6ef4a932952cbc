"""A thread alongside the supervisor's loop, with its own connection.

Janitor, alerts, and the watch over the database's file.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from smq_core.daemon.maintenance.alert_rules import AlertFigures
from smq_core.daemon.system.file_health import disk_state
from smq_core.errors import StoreError
from smq_core.rows import worker_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.clock import Clock
    from smq_core.daemon.log import Journal
    from smq_core.daemon.maintenance.alert_commands import Alerts
    from smq_core.daemon.maintenance.janitor import Janitor
    from smq_core.daemon.system.file_health import DatabaseFile
    from smq_core.store.base import Store

__all__ = ["ALERTS_REST", "PROVEN_S", "STEP_S", "MaintenanceThread"]

STEP_S: Final = 1.0
ALERTS_REST: Final = 20
"""A look at the alerts reads the counters of every topic: it rests afterwards for this many times as long as
it took. With some ten thousand topics that is less than a step."""
PROVEN_S: Final = 15.0


class MaintenanceThread:
    """Does what may wait for a slow disk, so that the supervisor does not."""

    name = "maintenance"

    def __init__(
        self,
        store: Store,
        file: DatabaseFile,
        janitor: Janitor,
        *,
        alerts: Alerts | None,
        clock: Clock,
        journal: Journal,
    ) -> None:
        """Prepare; `alerts` None: no alerts are configured."""
        self.is_file_here = True
        """False while the database's file is not at its path, or another one is."""
        self._store = store
        self._file = file
        self._janitor = janitor
        self._alerts = alerts
        self._clock = clock
        self._journal = journal
        self._failed_at = float("-inf")
        self._alerts_at = float("-inf")
        self._stopping = threading.Event()

    def run(self) -> None:
        """Take steps until it is asked to stop."""
        while not self._stopping.wait(STEP_S):
            self.step()

    def stop(self) -> None:
        """Ask to end after the step that is under way."""
        self._stopping.set()

    def step(self) -> None:
        """Look at the file, keep house, look at the alerts.

        What the database refuses is tried again next time.
        """
        self._look_at_file()
        if not self.is_file_here:
            return
        is_well = self._attempt(self._janitor.step)
        if self._alerts is not None and self._alerts.has_alerts:
            # also where the janitor could not write: what an alert is about may be why
            is_well &= self._attempt(self._look_at_alerts)
        # a step with nothing to write proves little
        if is_well and self._clock.monotonic() - self._failed_at > PROVEN_S:
            self._journal.end("housekeeping_failed", "housekeeping works again")

    def _attempt(self, task: Callable[[], object]) -> bool:
        try:
            task()
        except StoreError as error:
            self._failed_at = self._clock.monotonic()
            self._journal.begin("housekeeping_failed", f"{error}; trying again")
            return False
        return True

    def _look_at_alerts(self) -> None:
        began = self._clock.monotonic()
        if self._alerts is not None and began >= self._alerts_at:
            self._alerts.look(self._figures())
            ended = self._clock.monotonic()
            self._alerts_at = ended + ALERTS_REST * (ended - began)

    def _look_at_file(self) -> None:
        state = self._file.state()
        self.is_file_here = state == "here"
        if state == "gone":
            self._journal.begin(
                "database_moved",
                f"{self._file.path} is gone: nothing is leased until it is back, and no new file is created",
            )
        elif state == "replaced":
            self._journal.begin(
                "database_moved",
                f"{self._file.path} is a different file now: nothing is leased; restart the daemon to use it",
            )
        else:
            self._journal.end("database_moved", f"{self._file.path} is back")

    def _figures(self) -> AlertFigures:
        now_ms = self._clock.now_ms()
        disk = disk_state(self._file.path)
        return AlertFigures(
            topics=self._store.topics(now_ms),
            workers=[worker_of(row, now_ms) for row in self._store.workers()],
            wal_bytes=self._file.wal_bytes(),
            disk_used=0.0 if disk is None else disk.used,
        )
