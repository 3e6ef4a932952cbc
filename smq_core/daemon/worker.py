"""A worker process: imports handlers, takes messages from its supervisor's socket, runs handler threads.

It never holds a database.

Started by `smq_core.daemon.spawning` as `python -P -m smq_core.daemon.worker SOCKET WORKERS_FILE SUPERVISOR`:
two descriptors, a pid. Its folder is that of the handlers, and comes into `sys.path` only once all that this
process itself will ever need is imported: a `queue.py` of the user's must not be taken for Python's own.
"""

from __future__ import annotations

import contextlib
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
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.clock import SystemClock
from smq_core.daemon.event_loop import EventLoop
from smq_core.daemon.frames import FrameReader
from smq_core.daemon.handlers import Routes
from smq_core.daemon.lines import LineStream
from smq_core.daemon.loading import HandlerError, load
from smq_core.daemon.outbox import BatchingOutbox
from smq_core.daemon.preloading import preload
from smq_core.daemon.protocol import (
    Cancel,
    Deliver,
    Finish,
    FromSupervisor,
    Importing,
    Ready,
    Recall,
    Refused,
    Returned,
    Setup,
    Stopping,
    decode_from_supervisor,
)
from smq_core.daemon.runner import EX_SOFTWARE, Action, Runner
from smq_core.daemon.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.protocol import Delivery, HandlerSpec

__all__ = ["Worker", "main"]

_EX_IOERR: Final = 74
"""As in sysexits.h: what the process was given cannot be used."""
_PR_SET_PDEATHSIG: Final = 1
_JOIN_S: Final = 5.0


class Worker:
    """What runs in a worker process."""

    def __init__(self, sock: socket.socket, memory: mmap.mmap, folder: Path) -> None:
        """Speak on a connected socket; slots are written into mapped memory; handlers are in a folder."""
        self._folder = folder
        self._inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._outbox = BatchingOutbox(sock, self._inbox.empty)
        self._reader: FrameReader[FromSupervisor] = FrameReader(sock, decode_from_supervisor)
        self._memory = memory
        self._stopping = threading.Event()
        self._actions: dict[str, Action] = {}
        self._routes = Routes(())
        self._runners: list[Runner] = []
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
            with _ending_after(setup.import_limit_s):
                self._actions = {spec.pattern: self._import(spec) for spec in setup.handlers}
        except HandlerError as error:
            self._outbox.send(Refused(str(error)))
            return False
        if setup.memory_limit:
            resource.setrlimit(resource.RLIMIT_AS, (setup.memory_limit, setup.memory_limit))
        self._routes = Routes(setup.handlers)
        try:
            slots = Slots(self._memory, setup.slots_at, setup.threads)
        except ValueError:
            os._exit(_EX_IOERR)
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

    def _import(self, spec: HandlerSpec) -> Action:
        if spec.target is None:
            return Action(spec, None)
        self._outbox.send(Importing(spec.target))
        action = Action(spec, load(spec.target, self._folder))
        if not self._reader.is_connected:
            # nobody can be told but by what is printed
            os.write(
                2, b"importing it closed the descriptors of the worker process: close only what you opened\n"
            )
            os._exit(EX_SOFTWARE)
        return action

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
    try:
        memory = mmap.mmap(file_fd, 0)
    except ValueError:
        # somebody emptied the file this moment; the supervisor mends it before it starts the next process
        return _EX_IOERR
    os.close(file_fd)
    sock = socket.socket(fileno=socket_fd)
    # a copy that a handler forks off must not speak for this process
    os.register_at_fork(after_in_child=functools.partial(_be_a_mere_copy, sock))
    return Worker(sock, memory, _enter_folder()).run()


def _enter_folder() -> Path:
    """Let modules be found in the folder that the process was started in, before all others."""
    preload()
    folder = Path.cwd()
    sys.path.insert(0, str(folder))
    return folder


@contextlib.contextmanager
def _ending_after(limit_s: float) -> Iterator[None]:
    """End the process when something takes longer, telling where it stands: in C code too."""
    if not limit_s:
        yield
        return
    faulthandler.dump_traceback_later(limit_s, exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


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
