"""A worker process that is none: it takes frames, writes slots and ends handlers when chance says so."""

from __future__ import annotations

import mmap
import signal
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from smq_core.daemon.wire.protocol import (
    Cancel,
    Deliver,
    Extend,
    Failed,
    Finish,
    Handled,
    ProcessSetup,
    Ready,
    Recall,
    Returned,
    decode_from_process,
    decode_from_supervisor,
)
from smq_core.daemon.wire.slots import Slots

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from smq_core.daemon.wire.protocol import Delivery, FromProcess, FromSupervisor
    from tests.simulation.supervised.daemon import SimulatedDaemon

KILLER = 17
"""A message whose id is a multiple of it kills the process that begins with it, now and then."""
STUBBORN = 3
"""A handler of a message whose id is a multiple of it does not end when it is told to."""
ENDS = 0.04
FAILURES = (
    lambda tag: Failed(tag, "requeue", "failed"),
    lambda tag: Failed(tag, "requeue", "failed", 0.0),
    lambda tag: Failed(tag, "bury", "failed"),
)
_FIRST_PID = 10_000_000
"""Above every process of a real system."""
_encode = msgspec.msgpack.Encoder().encode


@dataclass(eq=False)
class Run:
    """A handler at work."""

    delivery: Delivery
    child: SimulatedChild
    thread: int
    deadline: float
    """0: none."""
    is_told: bool = False
    """It was told to end."""
    is_forced: bool = False
    """An operator requeued its message by force meanwhile."""


class SimulatedChild:
    """One worker process, as `smq_core.daemon.processes.child_process.Child` has it."""

    started = 0

    def __init__(self, daemon: SimulatedDaemon, random: random.Random) -> None:
        self.pid = _FIRST_PID + daemon.world.next_number()
        self.channel = self
        self.is_blocked = False
        self.has_unread = True  # as on a system that does not tell: chance makes it arbitrarily slow
        self.is_frozen = False
        self.code: int | None = None
        self.runs: list[Run] = []
        self.begun: set[int] = set()
        self._daemon = daemon
        self._random = random
        self._incoming: deque[FromSupervisor] = deque()
        self._outgoing: deque[FromProcess] = deque()
        self._inbox: deque[Delivery] = deque()
        self._done: list[int] = []
        self._failed: list[Failed] = []
        self._threads = 0
        self._memory: mmap.mmap | None = None
        self._slots: Slots | None = None
        self._is_finishing = False

    # as the supervisor sees it

    def fileno(self) -> int:
        """Stand for a descriptor."""
        return self.pid

    @property
    def has_hung_up(self) -> bool:
        """Return whether nothing more comes."""
        return self.code is not None and not self._outgoing

    @property
    def has_said(self) -> bool:
        """Return whether there is something to read."""
        return bool(self._outgoing) or self.code is not None

    def send(self, message: msgspec.Struct) -> None:
        """Take a frame."""
        if self.code is None:
            self._incoming.append(decode_from_supervisor(_encode(message)))

    def flush(self) -> None:
        """Keep nothing back."""

    def read(self) -> list[FromProcess]:
        """Hand over what was said."""
        said = list(self._outgoing)
        self._outgoing.clear()
        return said

    def poll(self) -> int | None:
        """Return the exit code."""
        return self.code

    def kill(self, number: int) -> None:
        """Die of a signal."""
        if number == signal.SIGKILL and self.code is None:
            self._daemon.world.judge.may_kill(self._daemon, self)
            self.die(-number)

    def last_lines(self) -> str:
        """Return what it printed: nothing."""
        return ""

    def close(self) -> None:
        """Close nothing."""

    # what it does

    @property
    def is_alive(self) -> bool:
        """Return whether it goes on."""
        return self.code is None and not self.is_frozen

    def die(self, code: int) -> None:
        """End as it stands."""
        if self.code is None:
            self.code = code
            self._daemon.world.judge.died(self.runs)
            self.runs = []
            if self._memory is not None:
                self._memory.close()

    def act(self) -> None:
        """Do one thing."""
        acts: list[Callable[[], None]] = []
        if self._incoming:
            acts += [self._take, self._take]
        if self._inbox and len(self.runs) < self._threads:
            acts.append(self._begin)
        if self.runs:
            acts.append(self._work)
        if self._done or self._failed:
            acts.append(self._report)
        if acts:
            self._random.choice(acts)()
        elif self._is_finishing:
            self.die(0)

    def _take(self) -> None:
        message = self._incoming.popleft()
        if isinstance(message, ProcessSetup):
            self._threads = message.threads
            self._memory = mmap.mmap(self._daemon.workers_file, 0)
            self._slots = Slots(self._memory, message.slots_at, message.threads)
            self._say(Ready())
        elif isinstance(message, Deliver):
            self._inbox.extend(message.messages)
        elif isinstance(message, Recall):
            count = min(message.limit, len(self._inbox))
            tags = [self._inbox.popleft().tag for _ in range(count)]
            self._daemon.world.judge.gives_back(self._daemon, self, tags)
            self._say(Returned(tags))
        elif isinstance(message, Cancel):
            for run in self.runs:
                run.is_told |= run.delivery.tag in message.tags
        elif isinstance(message, Finish):
            self._is_finishing = True

    def _begin(self) -> None:
        delivery = self._inbox.popleft()
        busy = {run.thread for run in self.runs}
        thread = next(index for index in range(self._threads) if index not in busy)
        now = self._daemon.world.clock.monotonic()
        spec = self._daemon.spec_of(delivery.topic)
        deadline = now + spec.timeout_s if spec.timeout_s else 0.0
        run = Run(delivery, self, thread, deadline)
        assert self._slots is not None
        self._slots.begin(thread, delivery.id, delivery.receipt, now, deadline)
        self._daemon.world.judge.begins(self._daemon, run)
        self.begun.add(delivery.tag)
        self.runs.append(run)
        if delivery.id % KILLER == 0 and self._random.random() < 0.5:
            self.die(-signal.SIGSEGV)

    def _work(self) -> None:
        run = self._random.choice(self.runs)
        tag, chance = run.delivery.tag, self._random.random()
        if run.is_told and run.delivery.id % STUBBORN:
            self._end(run, Failed(tag, self._random.choice(("requeue", "release")), "told to end"))
        elif chance < ENDS / 2:
            self._end(run, None)
        elif chance < ENDS:
            self._end(run, self._random.choice(FAILURES)(tag))
        elif chance < ENDS * 1.2:
            self._say(Extend(tag, self._random.choice((None, 0.5, 20.0))))

    def _end(self, run: Run, failed: Failed | None) -> None:
        assert self._slots is not None
        self.runs.remove(run)
        self._slots.end(run.thread)
        if failed is None:
            self._done.append(run.delivery.tag)
        else:
            self._failed.append(failed)

    def _report(self) -> None:
        """Send outcomes, early or late."""
        self._say(Handled(self._done, self._failed, 0.01 * (len(self._done) + len(self._failed))))
        self._done, self._failed = [], []

    def _say(self, message: msgspec.Struct) -> None:
        self._outgoing.append(decode_from_process(_encode(message)))
