"""A runner on its own, without a worker process: what it is given, and what it reports."""

from __future__ import annotations

import mmap
import os
import queue
import tempfile
import threading
from typing import TYPE_CHECKING, NoReturn

from smq_core.clock import SystemClock
from smq_core.daemon.containment.descriptors import Descriptors
from smq_core.daemon.containment.forked_copies import ForkedCopies
from smq_core.daemon.containment.handler_output import HandlerOutput
from smq_core.daemon.containment.inherited import InheritedState
from smq_core.daemon.execution.own_process import OwnProcess
from smq_core.daemon.execution.runner import LoadedHandler, Runner
from smq_core.daemon.wire.protocol import Delivery, Failed, HandlerSpec, Printed
from smq_core.daemon.wire.slots import Slots, SlotsInFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.handler import HandlerMessage

__all__ = ["BENCH_S", "Bench", "GivenUpError", "failed", "own_process"]

BENCH_S = 10.0


class Bench:
    """A runner on its own: what goes in, and what comes out."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self.out: queue.SimpleQueue[int | Failed | Printed] = queue.SimpleQueue()
        self.extended: list[tuple[int, float | None]] = []
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the bench
        self._file.truncate(4096)
        self.slots = SlotsInFile(self._file.fileno(), 0, 1)
        self.stopping = threading.Event()
        self.handlers: dict[str, LoadedHandler] = {}
        self.process = own_process()
        self.runner = Runner(
            0,
            inbox=self.inbox,
            outbox=self,
            handlers=self.handlers.get,
            slots=Slots(mmap.mmap(self._file.fileno(), 0), 0, 1),
            stopping=self.stopping,
            process=self.process,
            clock=SystemClock(),
        )
        self.runner.start()

    def done(self, tag: int, took_s: float) -> None:
        """Take an ack."""
        assert took_s >= 0
        self.out.put(tag)

    def printed(self, outcome: Printed, took_s: float) -> None:
        """Take an ack of a command."""
        assert took_s >= 0
        self.out.put(outcome)

    def failed(self, outcome: Failed, took_s: float) -> None:
        """Take another outcome."""
        assert took_s >= 0
        self.out.put(outcome)

    def extend(self, tag: int, seconds: float | None) -> None:
        """Take a request for time."""
        self.extended.append((tag, seconds))

    def give(
        self, handler: Callable[[HandlerMessage], object], body: str = "1", *, timeout: float = 60.0
    ) -> None:
        """Deliver message 5 of topic t to a handler, under the tag 5."""
        self.handlers["t"] = LoadedHandler(HandlerSpec("t", "a:b", timeout_s=timeout), handler)
        self.inbox.put(
            Delivery(5, "t", body, "json", '{"h":"v"}', 0, None, 2, 3, None, 1500, 0, "before", 0, 0, 77, 5)
        )

    def command(self, script: str, *, timeout: float = 60.0) -> None:
        """Deliver message 5 of topic t to a command, under the tag 5."""
        spec = HandlerSpec("t", command=("sh", "-c", script), timeout_s=timeout)
        self.handlers["t"] = LoadedHandler(spec, None)
        self.inbox.put(Delivery(5, "t", "1", "json", None, 0, None, 1, 1, None, 0, 0, None, 0, 0, 77, 5))

    def outcome(self) -> int | Failed | Printed:
        """Wait for a tag that was acked, or another outcome."""
        return self.out.get(timeout=BENCH_S)

    def close(self) -> None:
        """End the threads."""
        self.inbox.put(None)
        self.runner.join(BENCH_S)
        self.process.loop.end(BENCH_S)
        loop = self.process.loop.get()
        if not loop.is_running():
            loop.close()
        self._file.close()


class GivenUpError(Exception):
    """A worker process would have ended."""


def own_process() -> OwnProcess:
    """Make what runners see of their process; it does not end, but raises."""

    def give_up(why: str, error: BaseException | None = None) -> NoReturn:
        raise GivenUpError(why) from error

    return OwnProcess(
        copies=ForkedCopies(),
        descriptors=Descriptors(),
        output=HandlerOutput(1, 2),
        inherited=InheritedState.taken(),
        give_up=give_up,
        supervisor=os.getppid(),
    )


def failed(bench: Bench) -> Failed:
    outcome = bench.outcome()
    assert isinstance(outcome, Failed)
    return outcome
