"""A worker process: imports handlers, takes messages from its supervisor's socket, runs handler threads.

It never holds a database.

Started by `smq_core.daemon.process` as `python -m smq_core.daemon.worker SOCKET WORKERS_FILE SUPERVISOR`:
two descriptors, a pid.
"""

from __future__ import annotations

import ctypes
import faulthandler
import functools
import mmap
import os
import queue
import resource
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final

from smq_core.clock import SystemClock
from smq_core.daemon.event_loop import EventLoop
from smq_core.daemon.frames import FrameReader
from smq_core.daemon.handlers import HandlerError, Routes, load
from smq_core.daemon.lines import LineStream
from smq_core.daemon.outbox import BatchingOutbox
from smq_core.daemon.protocol import (
    Cancel,
    Deliver,
    Finish,
    FromSupervisor,
    Ready,
    Recall,
    Refused,
    Returned,
    Setup,
    Stopping,
    decode_from_supervisor,
)
from smq_core.daemon.runner import Action, Runner
from smq_core.daemon.slots import Slots

if TYPE_CHECKING:
    from smq_core.daemon.protocol import Delivery

__all__ = ["Worker", "main"]

_PR_SET_PDEATHSIG: Final = 1
_JOIN_S: Final = 5.0


class Worker:
    """What runs in a worker process."""

    def __init__(self, sock: socket.socket, memory: mmap.mmap) -> None:
        """Speak on a connected socket; slots are written into mapped memory."""
        self._inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._outbox = BatchingOutbox(sock, self._inbox.empty)
        self._reader: FrameReader[FromSupervisor] = FrameReader(sock, decode_from_supervisor)
        self._memory = memory
        self._stopping = threading.Event()
        self._actions: dict[str, Action] = {}
        self._routes = Routes(())
        self._runners: list[Runner] = []
        self._slots: Slots | None = None
        self._is_finished = False

    def run(self) -> int:
        """Serve until told to finish (0), or until a handler cannot be imported (1)."""
        while not self._is_finished:
            for message in self._reader.read():
                if not self._take(message):
                    return 1
            if self._reader.is_at_end:
                self._end_with_supervisor()
        for _ in self._runners:
            self._inbox.put(None)
        for runner in self._runners:
            runner.join(_JOIN_S)
        self._outbox.flush()
        return 0

    def _take(self, message: FromSupervisor) -> bool:
        if isinstance(message, Deliver):
            for delivery in message.messages:
                self._inbox.put(delivery)
        elif isinstance(message, Setup):
            return self._set_up(message)
        elif isinstance(message, Recall):
            self._give_back(message.limit)
        elif isinstance(message, Cancel):
            for tag in message.tags:
                any(runner.interrupt(tag, message.why) for runner in self._runners)
        elif isinstance(message, Stopping):
            self._stopping.set()
        elif isinstance(message, Finish):
            self._is_finished = True
        return True

    def _set_up(self, setup: Setup) -> bool:
        try:
            self._actions = {
                spec.pattern: Action(spec, load(spec.target) if spec.target else None)
                for spec in setup.handlers
            }
        except HandlerError as error:
            self._outbox.send(Refused(str(error)))
            return False
        if setup.memory_limit:
            resource.setrlimit(resource.RLIMIT_AS, (setup.memory_limit, setup.memory_limit))
        self._routes = Routes(setup.handlers)
        self._slots = slots = Slots(self._memory, setup.slots_at, setup.threads)
        loop = EventLoop().get
        self._runners = [
            Runner(
                index,
                inbox=self._inbox,
                outbox=self._outbox,
                actions=self._action,
                slots=slots,
                stopping=self._stopping,
                loop=loop,
                clock=SystemClock(),
            )
            for index in range(setup.threads)
        ]
        for runner in self._runners:
            runner.start()
        self._outbox.send(Ready())
        return True

    def _action(self, topic: str) -> Action | None:
        spec = self._routes.find(topic)
        return None if spec is None else self._actions[spec.pattern]

    def _give_back(self, limit: int) -> None:
        tags: list[int] = []
        while len(tags) < limit:
            try:
                delivery = self._inbox.get_nowait()
            except queue.Empty:
                break
            if delivery is not None:
                tags.append(delivery.tag)
        self._outbox.send(Returned(tags))

    def _end_with_supervisor(self) -> None:
        """End at once, with the commands that run.

        Another daemon takes the messages over, and nothing may run beside it.
        """
        for runner in self._runners:
            runner.kill_command()
        os._exit(1)


def main(arguments: list[str] | None = None) -> int:
    """Run a worker process on the two descriptors that it inherited, and end with the supervisor's."""
    socket_fd, file_fd, supervisor = (
        int(text) for text in (sys.argv[1:] if arguments is None else arguments)
    )
    _die_with(supervisor)
    _leave_signals_to_supervisor()
    faulthandler.enable(sys.__stderr__ or 2)
    sys.stdout, sys.stderr = LineStream(1), LineStream(2)
    faulthandler.register(signal.SIGQUIT, file=sys.__stderr__ or 2, all_threads=True, chain=False)
    memory = mmap.mmap(file_fd, 0)
    os.close(file_fd)
    sock = socket.socket(fileno=socket_fd)
    # a copy that a handler forks off must not speak for this process
    os.register_at_fork(after_in_child=functools.partial(_be_a_mere_copy, sock))
    return Worker(sock, memory).run()


def _be_a_mere_copy(sock: socket.socket) -> None:
    sock.close()
    Runner.is_copy = True


def _die_with(supervisor: int) -> None:
    """Ask the kernel (Linux) to end this process with its supervisor, even in the middle of C code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(1)


def _leave_signals_to_supervisor() -> None:
    # handlers that do nothing instead of SIG_IGN: commands would inherit the latter
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)


if __name__ == "__main__":
    sys.exit(main())
