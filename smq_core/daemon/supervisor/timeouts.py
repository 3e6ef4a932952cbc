"""Ends handlers that run past their timeout: first an exception, later the end of their process.

It reads slots and writes nothing. Handlers of messages that were leased again are interrupted by
`dispatch.redelivery`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.daemon.system.thread_time import processor_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.daemon.configuration.routing import Routes
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.daemon.processes.pool import ProcessPool
    from smq_core.daemon.processes.process import WorkerProcess
    from smq_core.daemon.wire.slots import Slot

__all__ = ["busy_ones", "enforce_deadlines"]

_BUSY_PART: Final = 0.02
"""Of a core: less is what a thread takes that waits for the interpreter; a loop gets more on any machine."""


def enforce_deadlines(pool: ProcessPool, routes: Routes, journal: Journal, now: float) -> None:
    """Ask handlers that are past their deadline to end, and kill the process of one that does not."""
    for process in pool.processes:
        if not process.in_flight or process.killed_for:
            continue
        if any(0 < slot.deadline < now for slot in process.slots.started()):
            overdue = [one for one in process.begun() if 0 < one[1].deadline < now]
            for flight, slot in overdue:
                _tell(process, flight, slot, journal)
            if overdue:
                _kill_if_hung(process, overdue, routes, journal, now)


def _tell(process: WorkerProcess, flight: InFlight, slot: Slot, journal: Journal) -> None:
    if flight.tag not in process.cancelled:
        process.cancel(flight.tag, slot.thread, "timeout")
        journal.warning(
            "handler_timeout",
            f"the handler reached its timeout of {slot.deadline - slot.started:g} s and was interrupted",
            id=flight.row.id,
        )


def _kill_if_hung(
    process: WorkerProcess, overdue: list[tuple[InFlight, Slot]], routes: Routes, journal: Journal, now: float
) -> None:
    hung = [one for one in overdue if now > one[1].deadline + _kill_after_s(one[0], routes)]
    if not hung:
        return
    used_ns = [
        processor_ns(process.pid, slot.thread) - process.cancelled[flight.tag] for flight, slot in overdue
    ]
    blamed = [overdue[place] for place in busy_ones(used_ns, now - overdue[0][1].deadline)] or hung
    flight, slot = blamed[0]
    process.condemn({one.tag for one, _ in blamed}, slot.deadline - slot.started)
    journal.warning(
        "worker_killed",
        f"the handler did not stop when interrupted: worker process {process.pid} was killed",
        id=flight.row.id,
        pid=process.pid,
    )


def _kill_after_s(flight: InFlight, routes: Routes) -> float:
    spec = routes.find(flight.row.topic)
    return spec.kill_after_s if spec else float("inf")


def busy_ones(used_ns: Sequence[int], elapsed_s: float) -> list[int]:
    """Return which threads of a process that hangs are at work, by the processor time of each meanwhile.

    One that loops in C code holds up all others, which are its victims. These wake 200 times a second to ask
    for the interpreter, so that what they do in this moment tells nothing, least of all on a busy machine.
    """
    busiest_ns = max(used_ns)
    if busiest_ns < _BUSY_PART * elapsed_s * 1e9:
        return []
    return [place for place, used in enumerate(used_ns) if used > busiest_ns / 2]
