"""A dispatcher on a real store whose worker processes only take down what they are sent."""

from __future__ import annotations

import io
import mmap
import os
from typing import TYPE_CHECKING

from smq_core import Inspector
from smq_core.daemon.dispatch.dispatcher import Dispatcher
from smq_core.daemon.dispatch.outcome_counts import OutcomeCounts
from smq_core.daemon.dispatch.pending_outcomes import PendingOutcomes
from smq_core.daemon.liveness.presence import Presence
from smq_core.daemon.liveness.workers_file_layout import RecordHeader, SlotRange
from smq_core.daemon.log import Journal
from smq_core.daemon.processes.in_flight import InFlight
from smq_core.daemon.processes.process import Program, WorkerProcess
from smq_core.daemon.system.process_identity import machine_id
from smq_core.daemon.wire.protocol import Handled, HandlerSpec
from smq_core.daemon.wire.slots import Slots
from smq_core.message import Receipt
from smq_core.store.records import LeasedRow
from smq_core.testing import EPOCH_MS, seeded_random

if TYPE_CHECKING:
    import msgspec

    from smq_core.daemon.wire.protocol import FromProcess
    from smq_core.store.base import Store
    from smq_core.testing import ManualClock

__all__ = ["StubChild", "StubPool", "flight"]

THREADS = 2


class StubChild:
    """A child that keeps the frames it was sent."""

    is_blocked = has_hung_up = has_unread = False

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.channel = self
        self.sent: list[msgspec.Struct] = []
        self.killed: list[int] = []

    def fileno(self) -> int:
        """Stand for a descriptor."""
        return self.pid

    def send(self, message: msgspec.Struct) -> None:
        """Keep a frame."""
        self.sent.append(message)

    def flush(self) -> None:
        """Keep nothing back."""

    def read(self) -> list[FromProcess]:
        """Return nothing."""
        return []

    def poll(self) -> int | None:
        """Live on."""
        return None

    def kill(self, number: int) -> None:
        """Take down a signal."""
        self.killed.append(number)

    def last_lines(self) -> str:
        """Return nothing."""
        return ""

    def close(self) -> None:
        """Close nothing."""


class StubPool:
    """Worker processes, and the dispatcher that feeds them from a store."""

    def __init__(self, store: Store, clock: ManualClock, *, processes: int = 2, lease_ms: int = 2000) -> None:
        self.store = store
        self.clock = clock
        self.log = io.StringIO()
        self.journal = Journal(clock, stream=self.log)
        self.program = Program([HandlerSpec("mail", "m:h", timeout_s=1.0)], THREADS, 0, 0, processes, ".")
        header = RecordHeader("we", os.getpid(), machine_id())
        self._presence = Presence(store.location.address + "-workers", None, header, self.journal)
        self._memory = mmap.mmap(self._presence.file.map_fd, 0)
        self.children = [StubChild(pid) for pid in range(1, processes + 1)]
        self.processes = [self._process(child) for child in self.children]
        self.pending = PendingOutcomes("we", seeded_random(), 3)
        self.dispatcher = Dispatcher(
            store,
            self,  # type: ignore[arg-type]  # as far as it is used
            self.pending,
            OutcomeCounts(),
            worker_id="we",
            clock=clock,
            journal=self.journal,
            random=seeded_random(),
        )
        self.dispatcher.lease_for(lease_ms)

    def close(self) -> None:
        """Give everything back."""
        for process in self.processes:
            process.close()
        self._memory.close()
        self._presence.leave(is_told=False)

    def inspector(self) -> Inspector:
        """Open the operator's side."""
        return Inspector(self.store.location, clock=self.clock)

    def step(self) -> None:
        """Let the dispatcher look at the database."""
        self.dispatcher.wake()
        self.dispatcher.step()

    def pass_time(self, seconds: float) -> None:
        """Let time pass as in a daemon that goes on: leases are kept."""
        for _ in range(round(seconds / 0.25)):
            self.clock.advance(0.25)
            self.step()

    def begin(self, delivered: InFlight, thread: int = 0) -> None:
        """Let a thread of the process that has a delivery begin with it."""
        now, at = self.clock.monotonic(), self.process_of(delivered.tag).slot_range.first
        slots = Slots(self._memory, self._presence.record.slots_at(at), THREADS)
        slots.begin(thread, delivered.row.id, delivered.receipt, now, now + 1.0)

    def end(self, tag: int) -> None:
        """Report that a handler returned."""
        self.dispatcher.take_outcomes(self.process_of(tag), Handled([tag], []))

    def process_of(self, tag: int) -> WorkerProcess:
        """Return the process that has a delivery."""
        return next(one for one in self.processes if tag in one.in_flight)

    @property
    def in_flight(self) -> list[InFlight]:
        """Every delivery that a process has, the oldest first."""
        found = [flight for process in self.processes for flight in process.in_flight.values()]
        return sorted(found, key=lambda flight: flight.tag)

    def _process(self, child: StubChild) -> WorkerProcess:
        slots = SlotRange(0, (child.pid - 1) * THREADS, THREADS)
        process = WorkerProcess(self.program, child, presence=self._presence, slots=slots, now=0.0)
        process.note_ready()
        return process


def flight(tag: int, **changes: object) -> InFlight:
    """Make a delivery, with defaults for what is not named."""
    until = EPOCH_MS + 2000
    row = LeasedRow(1, "mail", "hello", "text", None, 0, None, 1, 1, None, EPOCH_MS, EPOCH_MS, None, 0, until)
    row = row._replace(**changes)  # type: ignore[arg-type]  # fields of a row
    return InFlight(row, Receipt(tag * 1000), tag, EPOCH_MS, row.size)
