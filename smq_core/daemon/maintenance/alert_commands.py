"""Runs the commands of alerts.

Each once when its alert begins and once when it ends, with JSON on standard input.
"""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.daemon.configuration.config import arguments
from smq_core.daemon.maintenance.alert_rules import AlertFigures, reasons
from smq_core.json_fields import time_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.clock import Clock
    from smq_core.daemon.configuration.config import AlertTable
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.children import Children

__all__ = ["COMMAND_TIMEOUT_S", "Alerts"]

COMMAND_TIMEOUT_S: Final = 60.0


class Alerts:
    """Remembers which alerts hold."""

    def __init__(
        self,
        alerts: Sequence[AlertTable],
        location: str,
        clock: Clock,
        journal: Journal,
        children: Children,
    ) -> None:
        """Begin with none."""
        self._children = children
        self._alerts = self._next = alerts
        self._location = location
        self._clock = clock
        self._journal = journal
        self._began: dict[str, int] = {}
        self._telling: dict[str, threading.Thread] = {}
        """The last thread that was started for an alert: the next one waits for it."""

    @property
    def has_alerts(self) -> bool:
        """Return whether there is anything to look at."""
        return bool(self._alerts or self._next)

    def use(self, alerts: Sequence[AlertTable]) -> None:
        """Watch for other alerts from the next look on; any thread may say so."""
        self._next = alerts

    def look(self, figures: AlertFigures) -> None:
        """Compare the alerts with the figures, and tell what has begun or ended."""
        self._change()
        for alert in self._alerts:
            found = reasons(alert, figures)
            if found and alert.name not in self._began:
                self._began[alert.name] = self._clock.now_ms()
                self._journal.warning("alert_began", f"{alert.name}: {'; '.join(found)}", alert=alert.name)
                self._tell(alert, "began", found)
            elif not found and alert.name in self._began:
                self._end(alert)

    def _change(self) -> None:
        """Use the alerts that are configured now; one that held and is not among them is over."""
        names = {alert.name for alert in self._next}
        for alert in self._alerts:
            if alert.name in self._began and alert.name not in names:
                self._end(alert)
        self._alerts = self._next

    def _end(self, alert: AlertTable) -> None:
        self._journal.info("alert_ended", f"{alert.name} has ended", alert=alert.name)
        self._tell(alert, "ended", [])
        del self._began[alert.name]

    def _tell(self, alert: AlertTable, state: str, found: list[str]) -> None:
        note = {
            "alert": alert.name,
            "state": state,
            "problems": found,
            **time_fields("began_at", self._began[alert.name] / 1000),
            **time_fields("at", self._clock.now_ms() / 1000),
            "database": self._location,
        }
        before = self._telling.get(alert.name)
        # its own thread: the command may take its time, and the next look must not wait for it
        thread = threading.Thread(
            target=self._run, args=(alert, msgspec.json.encode(note), before), name="alert", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the system starts no more threads
            self._journal.error("alert_command_failed", f"{alert.name}: {error}", alert=alert.name)
        else:
            self._telling[alert.name] = thread

    def _run(self, alert: AlertTable, note: bytes, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        words = arguments(alert.command, "command")
        try:
            self._children.run(words, note, COMMAND_TIMEOUT_S)
        except (OSError, subprocess.SubprocessError) as error:
            self._journal.error("alert_command_failed", f"{alert.name}: {error}", alert=alert.name)
