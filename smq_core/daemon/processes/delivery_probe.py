"""Ends worker processes in which what they were handed does not arrive: something there read it away.

A handler may read from any descriptor, our connection too. Nothing tells of that: the messages stay where
nobody will ever begin with them, and their leases are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from smq_core.daemon.wire.protocol import Ping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.process import WorkerProcess

__all__ = ["LOOK_S", "PINGS", "DeliveryProbe"]

LOOK_S: Final = 1.0
PINGS: Final = 3
"""How many pings have to be read, one after the other, while a delivery that came before them does not begin.

A process that is stopped, or whose reader waits for the interpreter, reads at most one.
"""
_WHY: Final = (
    "messages sent to it did not arrive: a handler, or a process left behind by one, is reading from the "
    "connection to the daemon"
)


@dataclass
class _Suspicion:
    tags: set[int]
    """The deliveries that have not begun since the first look."""
    pings: int = field(default=0)

    def continue_from(self, earlier: _Suspicion | None) -> bool:
        """Keep the deliveries that an earlier look suspected too; return whether there are any."""
        lasting = self.tags & earlier.tags if earlier else set()
        if earlier and lasting:
            self.tags, self.pings = lasting, earlier.pings
        return bool(lasting)

    def count_ping(self) -> None:
        """Count a ping that is sent because of it."""
        self.pings += 1


class DeliveryProbe:
    """Looks from time to time at deliveries that do not begin though a thread is free."""

    def __init__(self, journal: Journal) -> None:
        """Suspect nobody."""
        self._journal = journal
        self._suspicions: dict[WorkerProcess, _Suspicion] = {}

    def look(self, processes: Sequence[WorkerProcess]) -> None:
        """Ping the processes that look as if they had lost deliveries; kill those that are proven to."""
        before = self._suspicions
        self._suspicions = {
            process: _Suspicion(waiting) for process in processes if (waiting := process.unbegun())
        }
        for process, suspicion in self._suspicions.items():
            if suspicion.continue_from(before.get(process)):
                self._pursue(process, suspicion)

    def _pursue(self, process: WorkerProcess, suspicion: _Suspicion) -> None:
        if process.has_unread:
            return
        if suspicion.pings < PINGS:
            suspicion.count_ping()
            process.send(Ping())
            return
        process.end_for(_WHY)
        self._journal.warning(
            "worker_killed",
            f"worker process {process.pid} was killed: {_WHY}",
            pid=process.pid,
            ids=", ".join(str(process.in_flight[tag].row.id) for tag in sorted(suspicion.tags)[:10]),
        )
