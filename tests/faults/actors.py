"""Producers and consumers in processes of their own, forked, that note what they do until they are stopped.

Each tells of its progress through a pipe, so that a test can strike at the n-th call, and waits for no clock.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import random
import signal
import termios
import threading
import traceback
from array import array
from typing import TYPE_CHECKING, Self

from tests.faults.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    Work = Callable[["Progress"], None]


class Progress:
    """What an actor tells its test, and hears from it."""

    def __init__(self, descriptor: int, is_over: mmap.mmap) -> None:
        """Be told of the pipe and of the byte that ends the play."""
        self._descriptor = descriptor
        self._is_over = is_over

    def step(self) -> bool:
        """Report that something was done; say whether to go on."""
        os.write(self._descriptor, b".")
        return not self.is_over()

    def is_over(self) -> bool:
        """Return whether the play is over."""
        return self._is_over[0] != 0


class Actor:
    """A process that runs a piece of work."""

    def __init__(self, work: Work, is_over: mmap.mmap) -> None:
        """Fork it."""
        self._steps, tell = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            code = 1
            try:
                work(Progress(tell, is_over))
                code = 0
            except BaseException:  # noqa: BLE001 - the child must not go on into the parent's tests
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(tell)

    def after(self, steps: int) -> bool:
        """Wait until it has done so many steps from now on; False when it ended before."""
        self._forget()
        while steps:
            done = os.read(self._steps, min(steps, 4096))
            if not done:
                return False
            steps -= len(done)
        return True

    def stop(self) -> None:
        """Let it stand still where it is, and wait until it does."""
        os.kill(self.pid, signal.SIGSTOP)
        self.await_stop()

    def await_stop(self) -> None:
        """Wait until it stands still."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended"

    def go_on(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> bool:
        """Kill it; say whether that is what it died of."""
        os.kill(self.pid, signal.SIGKILL)
        return os.WIFSIGNALED(self._wait())

    def join(self) -> None:
        """Wait for its end, which has to be a good one."""
        while os.read(self._steps, 4096):
            pass
        assert self._wait() == 0, "an actor failed"

    def abandon(self) -> None:
        """End it, whatever became of it."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                self.kill()

    def _forget(self) -> None:
        """Read the steps that it did before."""
        pending = array("i", [0])
        fcntl.ioctl(self._steps, termios.FIONREAD, pending)
        if pending[0]:
            os.read(self._steps, pending[0])

    def _wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        os.close(self._steps)
        self.pid = 0
        return status


class Play:
    """The actors of a test, on one queue."""

    def __init__(
        self, location: str, folder: Path, *, visibility: float = 0.3, timeout: float = 10.0
    ) -> None:
        """Keep where the queue and the logs lie."""
        self.location = location
        self.logs: list[Path] = []
        self._folder = folder
        self._visibility = visibility
        self._timeout = timeout
        self._is_over = mmap.mmap(-1, 1)
        self._actors: list[Actor] = []

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave no process behind."""
        for actor in self._actors:
            actor.abandon()
        self._is_over.close()

    def producer(self, messages: int = 1_000_000, *, pause_s: float = 0.0) -> Actor:
        """Start one that sends messages, now and then several at once, until the play is over."""
        who, log = self._cast("producer")

        def work(progress: Progress) -> None:
            with Recorded(self.location, log, who, timeout=self._timeout) as queue:
                for number in range(messages):
                    many = [f"{who}-{number}-{part}" for part in range(4 if number % 5 == 4 else 1)]
                    queue.enqueue(*many, delay=0.05 if number % 7 == 6 else 0.0)
                    if not progress.step():
                        return
                    threading.Event().wait(pause_s)

        return self.act(work)

    def consumer(self) -> Actor:
        """Start one that takes messages and settles them in every way, until the play is over."""
        who, log = self._cast("consumer")
        visibility, chance = self._visibility, random.Random(len(self.logs))  # noqa: S311 - repeatable, no secret

        def work(progress: Progress) -> None:
            with Recorded(self.location, log, who, timeout=self._timeout) as queue:
                while progress.step():
                    for lease in queue.dequeue(chance.choice((1, 1, 3)), visibility=visibility, wait=0.05):
                        verb = chance.choice((queue.ack, queue.ack, queue.ack, queue.requeue, queue.release))
                        verb(lease)

        return self.act(work)

    def act(self, work: Work) -> Actor:
        """Start an actor of the test's own."""
        actor = Actor(work, self._is_over)
        self._actors.append(actor)
        return actor

    def log(self, who: str) -> Path:
        """Return a new log, which is judged with the others."""
        self.logs.append(self._folder / f"{who}.log")
        return self.logs[-1]

    def end(self) -> None:
        """Tell all who are left that the play is over, and wait until they are gone."""
        self._is_over[0] = 1
        for actor in self._actors:
            if actor.pid:
                actor.join()

    def _cast(self, role: str) -> tuple[str, Path]:
        who = f"{role}{len(self.logs)}"
        return who, self.log(who)
