"""The supervisor's view of one worker process.

Starting it, its socket, what is in flight there, and how much it may be given.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from smq_core.daemon.berths import SlotRange
from smq_core.daemon.echo import Echo
from smq_core.daemon.frames import FrameReader, FrameWriter
from smq_core.daemon.pace import Pace
from smq_core.daemon.protocol import Deliver, Delivery, FromWorker, Recall, Setup, decode_from_worker
from smq_core.daemon.slots import mark_of
from smq_core.store.records import Hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from smq_core.daemon.berths import Berth
    from smq_core.daemon.protocol import HandlerSpec
    from smq_core.daemon.slots import Slot
    from smq_core.message import Receipt
    from smq_core.store.records import LeasedRow

__all__ = ["Flight", "Program", "WorkerProcess"]


class Flight(NamedTuple):
    """A delivery on its way: a message under one lease, and the tag that worker processes know it by."""

    row: LeasedRow
    receipt: Receipt
    tag: int
    """A number that this daemon gives to no other delivery; from 1."""
    leased_at: int
    """In milliseconds since the epoch."""
    first_receipt: Receipt | None = None
    """The receipt that was delivered, where the delivery has another lease by now."""

    @property
    def hold(self) -> Hold:
        """What proves its lease."""
        return Hold(self.row.id, self.receipt)

    @property
    def mark(self) -> tuple[int, int]:
        """What a slot shows while it is at work: the message, and the mark of the lease delivered."""
        return self.row.id, mark_of(self._delivered_receipt)

    def under(self, newer: Flight) -> Flight:
        """Return the same delivery, with the lease of a newer one of its message."""
        return Flight(newer.row, newer.receipt, self.tag, newer.leased_at, self._delivered_receipt)

    @property
    def _delivered_receipt(self) -> Receipt:
        return self.receipt if self.first_receipt is None else self.first_receipt


class Program(NamedTuple):
    """What worker processes run."""

    handlers: Sequence[HandlerSpec]
    threads: int
    memory_limit: int
    generation: int
    processes: int
    """How many there are."""


class WorkerProcess:
    """One worker process. States follow one another: starting, ready, draining, and `returncode` set."""

    def __init__(
        self,
        program: Program,
        *,
        berth: Berth,
        map_fd: int,
        slots: SlotRange,
        pass_on: Callable[[str], None],
        now: float,
    ) -> None:
        """Start it; it is given work once it said that all handlers could be imported."""
        self.socket, self._popen = _spawn(map_fd)
        self.program = program
        self.slot_range = SlotRange(self._popen.pid, slots.first, slots.count)
        self.slots = berth.slots(slots.first, slots.count)
        self.in_flight: dict[int, Flight] = {}
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
        self.cancelled: dict[int, int] = {}
        """The tags of those that were told to end, and how long their threads had been at work then (ns)."""
        self.revoked: set[int] = set()
        """The tags of those whose leases are lost: what has not begun is dropped when it comes back."""
        self.unwanted: set[int] = set()
        """The tags of those that are to end because a newer delivery of their message waits."""
        self.refusal = ""
        self.quiet_since = now
        """When it last answered, or was given something after a pause."""
        self._pace = Pace(program.threads)
        self._echo = Echo(self._popen.stdout, pass_on) if self._popen.stdout else None
        self._reader: FrameReader[FromWorker] = FrameReader(self.socket, decode_from_worker)
        self._writer = FrameWriter(self.socket)
        seats = berth.slots_at(slots.first)
        self.send(Setup(list(program.handlers), program.threads, seats, program.memory_limit))

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def is_blocked(self) -> bool:
        """Say whether frames wait for the process to read."""
        return self._writer.is_blocked

    @property
    def has_hung_up(self) -> bool:
        """Say whether nothing will come from it any more."""
        return self._reader.is_at_end

    @property
    def is_open(self) -> bool:
        """Say whether it may be given messages."""
        return self.is_ready and not self.is_draining and self.alone is None and not self.killed_for

    @property
    def room(self) -> int:
        """How many messages it may be given now."""
        return max(0, self.window - len(self.in_flight)) if self.is_open else 0

    @property
    def window(self) -> int:
        """How many messages may be in flight."""
        return self._pace.window

    def send(self, message: msgspec.Struct) -> None:
        """Send a frame."""
        self._writer.send(message)

    def flush(self) -> None:
        """Send what was kept because the process did not read."""
        self._writer.flush()

    def read(self) -> list[FromWorker]:
        """Answer what the process said; one that cannot be understood has lost its mind, and is ended."""
        try:
            return self._reader.read_all()
        except msgspec.MsgspecError:
            self.kill(signal.SIGKILL)
            return []

    def give(self, flights: Sequence[Flight], now: float) -> None:
        """Hand messages over."""
        if not self.in_flight:
            self.quiet_since = now
        for flight in flights:
            self.in_flight[flight.tag] = flight
        self._pace.note_given([len(flight.row.body) for flight in flights])
        self.send(Deliver([Delivery(*flight.row, flight.receipt, flight.tag) for flight in flights]))

    def begun(self) -> list[tuple[Flight, Slot]]:
        """Return the deliveries in flight that a thread is at work on, with what it says of them."""
        slots = {(slot.message_id, slot.mark): slot for slot in self.slots.started()}
        if not slots:
            return []
        found = ((flight, slots.get(flight.mark)) for flight in self.in_flight.values())
        return [(flight, slot) for flight, slot in found if slot is not None]

    def revoke(self, tags: Iterable[int]) -> None:
        """Ask for deliveries back whose leases are lost; one that a handler has begun with goes on."""
        self.revoked.update(tags)
        self.send(Recall(len(self.in_flight)))

    def supersede(self, tag: int) -> None:
        """Have a delivery end, wherever it is: a newer one of its message waits for that."""
        self.unwanted.add(tag)
        self.revoke([tag])

    def adopt(self, tag: int, newer: Flight) -> None:
        """Go on with a delivery under a newer lease of its message."""
        self.in_flight[tag] = self.in_flight[tag].under(newer)
        self.revoked.discard(tag)

    def take_back(self, tags: Iterable[int]) -> list[Flight]:
        """Remove deliveries that came back unstarted; answers those whose leases are good."""
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
            self.unwanted &= self.in_flight.keys()
            self.cancelled = {tag: ns for tag, ns in self.cancelled.items() if tag in self.in_flight}

    def note_handled(self, count: int, busy_s: float, now: float) -> None:
        """Learn from an answer how long its handlers take."""
        self.has_worked = True
        self.quiet_since = now
        self._pace.note_handled(count, busy_s)

    def recall(self, limit: int) -> None:
        """Ask for messages back that stand behind a long one, and give it no more ahead for now."""
        self._pace.forget()
        self.send(Recall(limit))

    def poll(self) -> int | None:
        """Answer its exit code once it has ended."""
        return self._popen.poll()

    def kill(self, number: int) -> None:
        """Send a signal."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(number)

    def discard(self, now: float) -> None:
        """Kill it before it has begun."""
        self.is_discarded = self.is_draining = True
        self.finishing_since = now
        self.kill(signal.SIGKILL)

    def last_lines(self) -> str:
        """Answer the last lines it printed."""
        return self._echo.last_lines() if self._echo else ""

    def close(self) -> None:
        """Close the socket of a process that has ended."""
        self.socket.close()


def _spawn(map_fd: int) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start a process with one end of a socket pair; answer the other."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003 - the socket's own signature
    numbers = [str(number) for number in (theirs.fileno(), map_fd, os.getpid())]
    with theirs:
        popen = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "smq_core.daemon.worker", *numbers],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs.fileno(), map_fd),
        )
    return ours, popen
