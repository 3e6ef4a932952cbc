"""The supervisor's view of one worker process: what is in flight there, and how much it may be given."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from smq_core.daemon.liveness.workers_file_layout import SlotRange
from smq_core.daemon.processes.byte_budget import ByteBudget, in_frames, limit_of
from smq_core.daemon.processes.prefetch import Prefetch
from smq_core.daemon.system.thread_time import processor_ns
from smq_core.daemon.wire.protocol import Cancel, Deliver, Delivery, Finish, ProcessSetup, Recall

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import msgspec

    from smq_core.daemon.liveness.presence import Presence
    from smq_core.daemon.processes.child_process import Channel, Child
    from smq_core.daemon.processes.in_flight import InFlight
    from smq_core.daemon.wire.protocol import FromProcess, HandlerSpec
    from smq_core.daemon.wire.slots import Slot

__all__ = ["Program", "WorkerProcess"]

_RESERVED: Final = 0
"""Stands for the tag of a suspect that waits for its process to become empty."""


class Program(NamedTuple):
    """What worker processes run."""

    handlers: Sequence[HandlerSpec]
    threads: int
    memory_limit: int
    generation: int
    processes: int
    """How many there are."""
    folder: str
    """Where handlers are, and where they and commands run."""
    import_limit_s: float = 0.0
    """How long importing the handlers may take; 0: forever."""

    def setup(self, slots_at: int, threads: int) -> ProcessSetup:
        """Return what a worker process is told first."""
        return ProcessSetup(list(self.handlers), threads, slots_at, self.memory_limit, self.import_limit_s)


class WorkerProcess:
    """One worker process. States follow one another: starting, ready, draining, ended (`poll`)."""

    def __init__(
        self, program: Program, child: Child, *, presence: Presence, slots: SlotRange, now: float
    ) -> None:
        """Set up a process that was started; it gets work once it said that it could import all handlers."""
        self._child = child
        self.program = program
        self.slot_range = SlotRange(child.pid, slots.first, slots.count)
        self.slots = presence.slots(slots)
        self.cuts = presence.file.cuts
        """How often the -workers file that it has mapped had been cut short when it started."""
        self.in_flight: dict[int, InFlight] = {}
        """By tag."""
        self.is_ready = False
        self.is_draining = False
        self.finishing_since: float | None = None
        """When it was told to end."""
        self.alone: int | None = None
        """The tag of the suspect that has the process for itself (0: one is waiting for it)."""
        self.is_discarded = False
        """It was killed before it had begun, because newer code came."""
        self.killed_for: set[int] = set()
        """The tags of the deliveries whose timeouts it was killed for."""
        self.has_worked = False
        """A message was handled, or was being handled when it died."""
        self.killed_timeout_s = 0.0
        self.killed_because = ""
        """Why it was killed, where no timeout was the reason."""
        self.cancelled: dict[int, int] = {}
        """The tags of those that were told to end, and how long their threads had been at work then (ns)."""
        self.revoked: set[int] = set()
        """The tags of those whose leases are lost: what has not begun is dropped when it comes back."""
        self.superseded: set[int] = set()
        """The tags of those that are to end because a newer delivery of their message waits."""
        self.importing = self.refusal = ""
        """The handler that it began to import last, and why it cannot take any message."""
        self.quiet_since = now
        """When it last answered, or was given something after a pause."""
        self._prefetch = Prefetch(program.threads)
        self._byte_budget = ByteBudget(limit_of(program.processes))
        self.send(program.setup(presence.record.slots_at(slots.first), program.threads))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def channel(self) -> Channel:
        """What a selector waits for."""
        return self._child.channel

    @property
    def is_starting(self) -> bool:
        """Return whether nothing was heard yet of how its handlers could be imported."""
        return not (self.is_ready or self.refusal or self.is_draining or self.is_discarded)

    @property
    def is_reserved(self) -> bool:
        """Return whether it is kept for a suspect, and gets nothing else until that one is given to it."""
        return self.alone == _RESERVED

    @property
    def is_blocked(self) -> bool:
        """Return whether frames wait for the process to read."""
        return self._child.is_blocked

    @property
    def has_unread(self) -> bool:
        """Return whether the process has not read all that it was sent, as far as the system reveals."""
        return self._child.has_unread

    @property
    def has_hung_up(self) -> bool:
        """Return whether nothing will come from it any more."""
        return self._child.has_hung_up

    @property
    def is_open(self) -> bool:
        """Return whether it may be given messages."""
        is_killed = self.killed_for or self.killed_because
        return self.is_ready and not self.is_draining and self.alone is None and not is_killed

    @property
    def places(self) -> int:
        """How many messages it may be given now, whatever their sizes."""
        return max(0, self.window - len(self.in_flight)) if self.is_open else 0

    @property
    def room(self) -> int:
        """How many messages it may be given now; none while it has as many bytes as it may."""
        places = self.places
        return places if places and self.bytes_left > 0 else 0

    @property
    def is_hungry(self) -> bool:
        """Return whether it has so little that it is worth a transaction to give it more."""
        return self.is_open and 2 * len(self.in_flight) <= self.window and self.bytes_left > 0

    @property
    def bytes_left(self) -> int:
        """How many bytes it may be given now: with 1, a message of any size."""
        return self._byte_budget.left(self.in_flight.values())

    @property
    def window(self) -> int:
        """How many messages may be in flight."""
        return self._prefetch.window

    def note_importing(self, target: str) -> None:
        """Note which handler it begins to import."""
        self.importing = target

    def note_ready(self) -> None:
        """Note that it could import all handlers: it may be given messages."""
        self.is_ready = True

    def send(self, message: msgspec.Struct) -> None:
        """Send a frame."""
        self._child.send(message)

    def flush(self) -> None:
        """Send what was kept because the process did not read."""
        self._child.flush()

    def read(self) -> list[FromProcess]:
        """Return what the process said."""
        return self._child.read()

    def give(self, flights: Sequence[InFlight], now: float) -> None:
        """Hand messages over."""
        sizes = [flight.size for flight in flights]
        self._byte_budget.note_given(sizes, is_empty=not self.in_flight)
        if not self.in_flight:
            self.quiet_since = now
        for flight in flights:
            self.in_flight[flight.tag] = flight
        self._prefetch.note_given(sizes)
        for some in in_frames(flights, sizes):
            self.send(Deliver([Delivery(*flight.row, flight.receipt, flight.tag) for flight in some]))

    def reserve(self) -> None:
        """Keep it for a suspect: it gets nothing more, and is to become empty."""
        self.alone = _RESERVED

    def reserve_for(self, tag: int) -> None:
        """Let it have one delivery alone, until that one is over."""
        self.alone = tag

    def release(self) -> None:
        """Let it have any messages again."""
        self.alone = None

    def begun(self) -> list[tuple[InFlight, Slot]]:
        """Return the deliveries in flight that a thread is at work on, with what it says of them."""
        slots = {(slot.message_id, slot.mark): slot for slot in self.slots.started()}
        if not slots:
            return []
        found = ((flight, slots.get(flight.mark)) for flight in self.in_flight.values())
        return [(flight, slot) for flight, slot in found if slot is not None]

    def unbegun(self) -> set[int]:
        """Return the tags of the deliveries that nothing seems to keep from beginning: a thread is free."""
        is_at_work = self.is_ready and self.finishing_since is None
        if not self.in_flight or not is_at_work or self.killed_for or self.killed_because:
            return set()
        if len(self.slots.started()) >= self.program.threads:
            return set()
        return self.in_flight.keys() - {flight.tag for flight, _ in self.begun()}

    def revoke(self, tags: Iterable[int]) -> None:
        """Ask for deliveries back whose leases are lost; one that a handler has begun with goes on."""
        self.revoked.update(tags)
        self.send(Recall(len(self.in_flight)))

    def supersede(self, tag: int) -> None:
        """Have a delivery end, wherever it is: a newer one of its message waits for that.

        If its handler has begun, `dispatch.redelivery.stop_superseded` interrupts it.
        """
        self.superseded.add(tag)
        self.revoke([tag])

    def adopt(self, tag: int, newer: InFlight) -> None:
        """Go on with a delivery under a newer lease of its message."""
        self.in_flight[tag] = self.in_flight[tag].under(newer)
        self.revoked.discard(tag)

    def take_back(self, tags: Iterable[int]) -> list[InFlight]:
        """Remove deliveries that came back unstarted; return those whose leases are good."""
        returned = (self.in_flight.pop(tag, None) for tag in tags)
        kept = [
            flight._replace(first_receipt=None)
            for flight in returned
            if flight is not None and flight.tag not in self.revoked
        ]
        self.forget_ended()
        return kept

    def forget_ended(self) -> None:
        """Forget what was noted about deliveries that are over."""
        if self.alone and self.alone not in self.in_flight:
            self.alone = None
        if self.revoked or self.cancelled:
            self.revoked &= self.in_flight.keys()
            self.superseded &= self.in_flight.keys()
            self.cancelled = {tag: ns for tag, ns in self.cancelled.items() if tag in self.in_flight}

    def note_handled(self, count: int, busy_s: float, now: float) -> None:
        """Learn from an answer how long its handlers take."""
        self.has_worked = True
        self.quiet_since = now
        self._prefetch.note_handled(count, busy_s)

    def recall(self, limit: int) -> None:
        """Ask for messages back that stand behind a long one, and give it no more ahead for now."""
        self._prefetch.forget()
        self.send(Recall(limit))

    def recall_backlog(self, limit: int, now: float) -> None:
        """Recall messages, and take it for as busy as if it had just answered."""
        self.recall(limit)
        self.quiet_since = now

    def drain(self) -> None:
        """Give it nothing more, and ask for what it has not begun with."""
        self.is_draining = True
        self.recall(len(self.in_flight))

    def finish(self, now: float) -> None:
        """Ask it to end: it has nothing left to do."""
        self.finishing_since = now
        self.send(Finish())

    def cancel(self, tag: int, thread: int, why: Literal["timeout", "stopped"]) -> None:
        """Ask for the end of a delivery's handler, which runs in the thread with this native id."""
        self.cancelled[tag] = processor_ns(self.pid, thread)
        self.send(Cancel([tag], why))

    def condemn(self, tags: Collection[int], timeout_s: float) -> None:
        """Kill it because handlers did not end when told; `tags` are the deliveries to blame."""
        self.killed_for = set(tags)
        self.killed_timeout_s = timeout_s
        self.kill(signal.SIGKILL)

    def poll(self) -> int | None:
        """Return its exit code once it has ended."""
        return self._child.poll()

    def kill(self, number: int) -> None:
        """Send a signal."""
        self._child.kill(number)

    def end_for(self, why: str) -> None:
        """Kill it for a reason that is told with its death."""
        self.killed_because = why
        self.kill(signal.SIGKILL)

    def refuse(self, why: str, now: float) -> None:
        """Note why it cannot take any message; it ends now, or is ended."""
        self.refusal = why
        self.finishing_since = now

    def discard(self, now: float) -> None:
        """Kill it before it has begun."""
        self.is_discarded = self.is_draining = True
        self.finishing_since = now
        self.kill(signal.SIGKILL)

    def last_lines(self) -> str:
        """Return the last lines it printed."""
        return self._child.last_lines()

    def close(self) -> None:
        """Close what served a process that has ended."""
        self._child.close()
        self.slots.close()
