"""The worker processes as a set.

How many there are, when one is started again, how old code gives way to new. No database.
"""

from __future__ import annotations

import errno
import os
import selectors
import signal
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.daemon.liveness.workers_file_layout import SLOTS, SlotRange
from smq_core.daemon.processes.process import WorkerProcess
from smq_core.daemon.processes.spawn import end_of
from smq_core.daemon.system.process_identity import end_group
from smq_core.daemon.wire.protocol import Stopping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from smq_core.clock import Clock
    from smq_core.daemon.liveness.presence import Presence
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.child_process import Child
    from smq_core.daemon.processes.process import Program
    from smq_core.daemon.wire.slots import Slot

__all__ = ["END_S", "RESTART_CAP_S", "RESTART_FIRST_S", "ProcessExit", "ProcessPool", "end_commands"]

END_S: Final = 5.0
"""How long a process that was told to end may take for it."""
RESTART_FIRST_S: Final = 0.1
RESTART_CAP_S: Final = 30.0


class ProcessExit(NamedTuple):
    """A worker process that has ended."""

    process: WorkerProcess
    code: int

    @property
    def cause(self) -> str:
        """Describe how it ended."""
        why = self.process.killed_because
        return f"{end_of(self.code)} ({why})" if why else end_of(self.code)


class ProcessPool:
    """The worker processes of a daemon."""

    def __init__(
        self,
        program: Program,
        *,
        presence: Presence,
        spawn: Callable[[str], Child],
        selector: selectors.BaseSelector,
        clock: Clock,
        journal: Journal,
    ) -> None:
        """Start nothing yet; channels of processes are registered with the selector, the process as data."""
        self.program = program
        self.processes: list[WorkerProcess] = []
        self.refusal = ""
        """Why the newest code could not be imported."""
        self._presence = presence
        self._spawn = spawn
        self._selector = selector
        self._clock = clock
        self._journal = journal
        self._restart_at = 0.0
        self.short_lives = 0
        """How many processes in a row have ended without any work."""
        self._is_stopping = False

    @property
    def current(self) -> list[WorkerProcess]:
        """Return the processes that run the newest code."""
        return [one for one in self.processes if one.program is self.program]

    @property
    def in_flight(self) -> int:
        """Count the messages that any process has."""
        return sum(len(one.in_flight) for one in self.processes)

    def restart_due_in(self, now: float) -> float | None:
        """Return in how many seconds a process is to be started; None: all are there."""
        wanted = self.program.processes if self.program.handlers else 0
        if self._is_stopping or self.refusal or len(self.current) >= wanted:
            return None
        return max(0.0, self._restart_at - now)

    def fill(self) -> None:
        """Start the processes that are missing, unless they die so soon that it has to wait."""
        while self.restart_due_in(self._clock.monotonic()) == 0.0:
            self._start()

    def replace(self, program: Program) -> None:
        """Start processes on a new program alongside the old ones, which continue until `retire_old`."""
        for one in self.current:
            if not one.is_ready:
                one.discard(self._clock.monotonic())
        self.program = program
        self.refusal = ""
        self._restart_at = 0.0
        self.fill()

    def keep_old(self, program: Program) -> None:
        """Go back to a program whose processes still run, after a new one was refused."""
        for one in self.current:
            one.discard(self._clock.monotonic())
        self.program = program
        self.refusal = ""
        self._restart_at = 0.0
        self.short_lives = 0

    def refuse(self, why: str) -> None:
        """Start no process on this program any more, since its handlers cannot be imported."""
        self.refusal = why

    def retire_old(self) -> None:
        """Give processes of older programs nothing more; they end when they have nothing left."""
        for one in self.processes:
            if one.program is not self.program and not one.is_draining:
                one.drain()

    def finish_drained(self) -> None:
        """End the processes that have nothing left to do and get nothing more."""
        now = self._clock.monotonic()
        for one in self.processes:
            if one.finishing_since is not None:
                if now - one.finishing_since > END_S:
                    # a thread of a handler's own keeps the interpreter from ending
                    one.kill(signal.SIGKILL)
            elif one.is_draining and not one.in_flight:
                one.finish(now)

    def stop(self) -> None:
        """Notify all handlers, take back what none has begun with, and start no process again."""
        self._is_stopping = True
        for one in self.processes:
            one.send(Stopping())
            one.drain()

    def reap(self) -> Iterator[ProcessExit]:
        """Return the processes that have ended; what they said last can still be read."""
        for one in list(self.processes):
            if (code := one.poll()) is not None:
                self.processes.remove(one)
                self.deafen(one)
                self._note_life(one, code)
                yield ProcessExit(one, code)

    def kill_all(self) -> None:
        """End every process at once."""
        for one in self.processes:
            one.kill(signal.SIGKILL)
            end_commands(one.slots.read(), self._journal)

    def watch_blocked(self) -> None:
        """Be told too when a process that did not read can be written to again."""
        channels = self._selector.get_map()
        for one in self.processes:
            if one.channel in channels:
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if one.is_blocked else 0)
                self._selector.modify(one.channel, events, one)

    def deafen(self, process: WorkerProcess) -> None:
        """Listen no more to a process that has hung up; its end is told by a signal."""
        if process.channel in self._selector.get_map():
            self._selector.unregister(process.channel)

    def note_header(self) -> None:
        """Write into the record which process has which slots."""
        self._presence.note_processes(one.slot_range for one in self.processes)

    def _start(self) -> None:
        # what is cut short now would end the new process
        self._presence.mend()
        try:
            process = self._launch(self._free_slots())
        except OSError as error:
            self._restart_at = self._clock.monotonic() + RESTART_CAP_S / 10
            self._journal.begin(
                "worker_not_started",
                f"cannot start a worker process in {self.program.folder}; trying again: "
                f"{os.strerror(error.errno or 0)}",
                level="error",
            )
            return
        self._journal.end("worker_not_started", "starting worker processes works again")
        self.processes.append(process)
        self._selector.register(process.channel, selectors.EVENT_READ, process)
        self.note_header()
        self._journal.debug("worker_started", f"worker process {process.pid} started", pid=process.pid)

    def _launch(self, slots: SlotRange) -> WorkerProcess:
        child = self._spawn(self.program.folder)
        try:
            now = self._clock.monotonic()
            return WorkerProcess(self.program, child, presence=self._presence, slots=slots, now=now)
        except OSError:
            # the last descriptor went to the child
            child.kill(signal.SIGKILL)
            child.close()
            raise

    def _free_slots(self) -> SlotRange:
        """Find a row of slots that no process has; one that died leaves its to the next."""
        wanted = self.program.threads
        taken = sorted((one.slot_range.first, one.slot_range.count) for one in self.processes)
        first = 0
        for start, count in taken:
            if start - first >= wanted:
                break
            first = max(first, start + count)
        if first + wanted > SLOTS:
            raise OSError(errno.EAGAIN, "no slots left")
        self._presence.record.clear(first, wanted)
        return SlotRange(0, first, wanted)

    def _note_life(self, process: WorkerProcess, code: int) -> None:
        now = self._clock.monotonic()
        if process.is_discarded or (code == 0 and process.is_draining):
            return
        # what dies at its work is started again at once (its messages wait, and have rules of their own);
        # what dies without any, later
        has_worked = process.has_worked or bool(process.killed_for) or bool(process.slots.started())
        self.short_lives = 0 if has_worked else self.short_lives + 1
        wait = RESTART_FIRST_S * 2 ** (self.short_lives - 2) if self.short_lives > 1 else 0.0
        self._restart_at = now + min(wait, RESTART_CAP_S)


def end_commands(slots: Iterable[Slot], journal: Journal) -> None:
    """End the commands that a worker process ran when it died; tell of those that may run on."""
    for slot in slots:
        if end_group(slot.command) == "unproven":
            journal.warning(
                "command_left",
                f"process group {slot.command_group} may be left over from the command that ran for message "
                f"{slot.message_id}: it was not killed, because this could not be confirmed",
                id=slot.message_id,
                group=slot.command_group,
            )
