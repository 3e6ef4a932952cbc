"""Ends handlers that run past their timeout: first an exception, later the end of their process. It reads slots and writes nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from smq_core.daemon.protocol import Cancel

if TYPE_CHECKING:
    from smq_core.daemon.fleet import Fleet
    from smq_core.daemon.handlers import Routes
    from smq_core.daemon.journal import Journal
    from smq_core.daemon.process import WorkerProcess
    from smq_core.daemon.slots import Slot

__all__ = ["enforce_deadlines"]


def enforce_deadlines(fleet: Fleet, routes: Routes, journal: Journal, now: float) -> None:
    """Look at what runs: past its deadline a handler is told, and some seconds later its process is killed."""
    for process in fleet.processes:
        if process.in_flight:
            for slot in process.slots.started():
                if 0 < slot.deadline < now:
                    _enforce(process, slot, routes, journal, now)


def _enforce(process: WorkerProcess, slot: Slot, routes: Routes, journal: Journal, now: float) -> None:
    flight = process.in_flight.get(slot.message_id)
    spec = routes.find(flight.row.topic) if flight else None
    if flight is None or spec is None:
        return
    if slot.message_id not in process.cancelled:
        process.cancelled.add(slot.message_id)
        process.send(Cancel([slot.message_id], "timeout"))
        journal.warning(
            "handler_timeout", f"the handler runs for more than {spec.timeout_s:g} s and was told to end", id=slot.message_id
        )
    elif now > slot.deadline + spec.kill_after_s and process.killed_for is None:
        process.killed_for = slot.message_id
        process.killed_timeout_s = spec.timeout_s
        process.kill(signal.SIGKILL)
        journal.warning(
            "worker_killed",
            f"the handler did not end when told: worker process {process.pid} was killed",
            id=slot.message_id,
            pid=process.pid,
        )
