"""Ends handlers that run past their timeout: first an exception, later the end of their process.

It reads slots and writes nothing.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.daemon.protocol import Cancel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.daemon.fleet import Fleet
    from smq_core.daemon.handlers import Routes
    from smq_core.daemon.journal import Journal
    from smq_core.daemon.process import WorkerProcess
    from smq_core.daemon.slots import Slot

__all__ = ["busy_ones", "enforce_deadlines"]

_BUSY_PART: Final = 0.02
"""Of a core: less is what a thread takes that waits for the interpreter; a loop gets more on any machine."""


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
    process.cancelled[slot.message_id] = _processor_ns(process.pid, slot.thread)
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
    told = [slot for slot in overdue if slot.message_id in process.cancelled]
    used_ns = [_processor_ns(process.pid, slot.thread) - process.cancelled[slot.message_id] for slot in told]
    blamed = [told[place] for place in busy_ones(used_ns, now - told[0].deadline)] or hung
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


def busy_ones(used_ns: Sequence[int], elapsed_s: float) -> list[int]:
    """Answer which threads of a process that hangs are at work, by the processor time of each meanwhile.

    One that loops in C code holds up all others, which are its victims. These wake 200 times a second to ask
    for the interpreter, so that what they do in this moment tells nothing, least of all on a busy machine.
    """
    busiest_ns = max(used_ns)
    if busiest_ns < _BUSY_PART * elapsed_s * 1e9:
        return []
    return [place for place, used in enumerate(used_ns) if used > busiest_ns / 2]


def _processor_ns(pid: int, thread: int) -> int:
    """Answer how long a thread has been at work; where the system does not tell, no time."""
    try:
        return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text(encoding="ascii").split()[0])
    except (OSError, IndexError):
        return 0
