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

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smq_core.daemon.berths import Berth
    from smq_core.daemon.protocol import HandlerSpec
    from smq_core.message import Receipt
    from smq_core.store.records import LeasedRow

__all__ = ["Flight", "Program", "WorkerProcess"]


class Flight(NamedTuple):
    """A leased message on its way."""

    row: LeasedRow
    receipt: Receipt


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
        self.is_ready = False
        self.is_draining = False
        self.finishing_since: float | None = None
        """When it was told to end."""
        self.alone: int | None = None
        """The suspect that has the process for itself (0: one is waiting for it)."""
        self.is_discarded = False
        """It was killed before it had begun, because newer code came."""
        self.killed_for: set[int] = set()
        """The messages whose timeouts it was killed for."""
        self.has_worked = False
        """A message was handled, or was being handled when it died."""
        self.killed_timeout_s = 0.0
        self.cancelled: dict[int, int] = {}
        """Messages whose handlers were told to end, and how long their threads had been at work then (ns)."""
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
            self.in_flight[flight.row.id] = flight
        self._pace.note_given([len(flight.row.body) for flight in flights])
        self.send(Deliver([Delivery(*flight.row) for flight in flights]))

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
