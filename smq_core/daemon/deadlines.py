"""Ends handlers that run past their timeout: first an exception, later the end of their process.

It reads slots and writes nothing.
"""

from __future__ import annotations

import signal
from pathlib import Path
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
    """Tell handlers that are past their deadline to end, and kill the process of one that does not."""
    for process in fleet.processes:
        if process.in_flight and not process.killed_for:
            overdue = [slot for slot in process.slots.started() if 0 < slot.deadline < now]
            for slot in overdue:
                _tell(process, slot, journal)
            if overdue:
                _kill_if_hung(process, overdue, routes, journal, now)


def _tell(process: WorkerProcess, slot: Slot, journal: Journal) -> None:
    if slot.message_id in process.cancelled or slot.message_id not in process.in_flight:
        return
    process.cancelled.add(slot.message_id)
    process.send(Cancel([slot.message_id], "timeout"))
    journal.warning(
        "handler_timeout",
        f"the handler ran for {slot.deadline - slot.started:g} s, its timeout, and was told to end",
        id=slot.message_id,
    )


def _kill_if_hung(
    process: WorkerProcess, overdue: list[Slot], routes: Routes, journal: Journal, now: float
) -> None:
    patience = {slot: _kill_after_s(process, slot, routes) for slot in overdue}
    hung = [slot for slot in overdue if now > slot.deadline + patience[slot]]
    if not hung:
        return
    # a thread that loops in C code holds up all others of its process: where one runs, those that sleep are
    # its victims
    running = [slot for slot in overdue if _is_running(process.pid, slot.thread)]
    blamed = running or hung
    process.killed_for = {slot.message_id for slot in blamed}
    process.killed_timeout_s = blamed[0].deadline - blamed[0].started
    process.kill(signal.SIGKILL)
    journal.warning(
        "worker_killed",
        f"the handler did not end when told: worker process {process.pid} was killed",
        id=blamed[0].message_id,
        pid=process.pid,
    )


def _kill_after_s(process: WorkerProcess, slot: Slot, routes: Routes) -> float:
    flight = process.in_flight.get(slot.message_id)
    spec = routes.find(flight.row.topic) if flight else None
    return spec.kill_after_s if spec else float("inf")


def _is_running(pid: int, thread: int) -> bool:
    """Say whether a thread is at work in this moment; where the system does not tell, no."""
    try:
        stat = Path(f"/proc/{pid}/task/{thread}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()[0] == "R"
    except (OSError, IndexError):
        return False
