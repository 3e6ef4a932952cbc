"""A worker process: imports handlers, takes messages from its supervisor's socket, runs handler threads.

It never holds a database.

Started by `smq_core.daemon.processes.spawn` as
`python -P -m smq_core.daemon.worker_process.main SOCKET WORKERS_FILE SUPERVISOR`:
two descriptors, a pid. Its folder is that of the handlers, and comes into `sys.path` only once all that this
process itself will ever need is imported: a `queue.py` of the user's must not be taken for Python's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
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
from smq_core.daemon.configuration.routing import Routes
from smq_core.daemon.containment.descriptors import Descriptors, out_of_the_way
from smq_core.daemon.containment.forked_copies import ForkedCopies
from smq_core.daemon.containment.handler_output import HandlerOutput
from smq_core.daemon.containment.inherited import InheritedState
from smq_core.daemon.containment.process_exit import LoggedExit
from smq_core.daemon.execution.outbox import BatchingOutbox
from smq_core.daemon.execution.own_process import OwnProcess, leave_signals_to_supervisor
from smq_core.daemon.execution.runner import LoadedHandler, Runner
from smq_core.daemon.wire.frames import FrameReader
from smq_core.daemon.wire.protocol import (
    Cancel,
    Deliver,
    Finish,
    FromSupervisor,
    ImportFailed,
    Importing,
    ProcessSetup,
    Ready,
    Recall,
    Returned,
    Stopping,
    decode_from_supervisor,
)
from smq_core.daemon.wire.slots import Slots
from smq_core.daemon.worker_process.handler_loading import HandlerError, load
from smq_core.daemon.worker_process.preloading import preload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.wire.protocol import Delivery, HandlerSpec

__all__ = ["ProcessLoop", "main"]

_EX_IOERR: Final = 74
"""As in sysexits.h: what the process was given cannot be used."""
_PR_SET_PDEATHSIG: Final = 1
_JOIN_S: Final = 5.0
_STDOUT: Final = 1
_STDERR: Final = 2


class ProcessLoop:
    """Reads what the supervisor sends, and gives messages to the threads that run handlers."""

    def __init__(self, sock: socket.socket, memory: mmap.mmap, process: OwnProcess, folder: Path) -> None:
        """Speak on a connected socket; slots are written into mapped memory; handlers are in a folder."""
        self._socket = sock
        self._process = process
        self._folder = folder
        self._inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._outbox = BatchingOutbox(sock, self._inbox.empty, process)
        process.before_end(self._outbox.flush_at_end)
        self._reader: FrameReader[FromSupervisor] = FrameReader(sock, decode_from_supervisor)
        self._memory = memory
        self._stopping = threading.Event()
        self._handlers: dict[str, LoadedHandler] = {}
        self._routes = Routes(())
        self._runners: list[Runner] = []
        self._is_finished = False

    def run(self) -> int:
        """Serve until told to finish (0), or until a handler cannot be imported (1)."""
        while not self._is_finished:
            self._process.check()
            messages = self._reader.read()
            if self._reader.junk:
                self._process.give_up(f"something other than the daemon wrote to it: {self._reader.junk!r}")
            for message in messages:
                if not self._take(message):
                    return 1
            if self._reader.is_at_end:
                self._end_with_supervisor()
            elif not messages:
                # part of a frame, or a handler made the socket one that does not wait
                self._socket.setblocking(True)  # noqa: FBT003 - the socket's own signature
        for _ in self._runners:
            self._inbox.put(None)
        for runner in self._runners:
            runner.join(_JOIN_S)
        self._outbox.flush()
        self._process.loop.end(_JOIN_S)
        return 0

    def _take(self, message: FromSupervisor) -> bool:
        if isinstance(message, Deliver):
            for delivery in message.messages:
                self._inbox.put(delivery)
        elif isinstance(message, ProcessSetup):
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

    def _set_up(self, setup: ProcessSetup) -> bool:
        try:
            with _ending_after(setup.import_limit_s):
                self._handlers = {spec.pattern: self._import(spec) for spec in setup.handlers}
        except HandlerError as error:
            self._outbox.send(ImportFailed(str(error)))
            return False
        if changed := leave_signals_to_supervisor():
            names = ", ".join(changed)
            self._process.output.say(
                f"importing the handlers changed the handling of {names}: it was restored"
            )
        if setup.memory_limit:
            resource.setrlimit(resource.RLIMIT_AS, (setup.memory_limit, setup.memory_limit))
        self._process.note_limits()
        self._routes = Routes(setup.handlers)
        try:
            slots = Slots(self._memory, setup.slots_at, setup.threads)
        except ValueError:
            os._exit(_EX_IOERR)
        self._runners = [
            Runner(
                index,
                inbox=self._inbox,
                outbox=self._outbox,
                handlers=self._handler,
                slots=slots,
                stopping=self._stopping,
                process=self._process,
                clock=SystemClock(),
            )
            for index in range(setup.threads)
        ]
        for runner in self._runners:
            runner.start()
        self._outbox.send(Ready())
        return True

    def _import(self, spec: HandlerSpec) -> LoadedHandler:
        if spec.target is None:
            return LoadedHandler(spec, None)
        self._outbox.send(Importing(spec.target))
        handler = LoadedHandler(spec, load(spec.target, self._folder))
        if self._process.descriptors.lost() is not None:
            self._process.give_up(
                "importing it closed descriptors of the worker process: close only what you opened"
            )
        return handler

    def _handler(self, topic: str) -> LoadedHandler | None:
        spec = self._routes.find(topic)
        return None if spec is None else self._handlers[spec.pattern]

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
        """Exit immediately, and kill the commands that are running.

        Another daemon takes the messages over, and nothing may run alongside it.
        """
        self._process.check()
        for runner in self._runners:
            runner.kill_command()
        if self._process.has_supervisor():
            self._process.give_up("its connection to the daemon ended, perhaps shut down by a handler")
        os._exit(1)


def main(arguments: list[str] | None = None) -> int:
    """Run a worker process on the two descriptors that it inherited, and end with the supervisor's."""
    socket_fd, file_fd, supervisor = (
        int(text) for text in (sys.argv[1:] if arguments is None else arguments)
    )
    _die_with(supervisor)
    leave_signals_to_supervisor()
    try:
        memory = mmap.mmap(file_fd, 0)
    except ValueError:
        # somebody emptied the file this moment; the supervisor repairs it before it starts the next process
        return _EX_IOERR
    os.close(file_fd)
    sock = socket.socket(fileno=out_of_the_way(socket_fd))
    process = _guarded(sock, supervisor)
    with process.vital("messages from the daemon cannot be read"):
        code = ProcessLoop(sock, memory, process, _enter_folder()).run()
    process.output.end_message()
    return code


def _guarded(sock: socket.socket, supervisor: int) -> OwnProcess:
    """Make this process one that handlers do no harm to, and that ends where they did."""
    log = out_of_the_way(os.dup(_STDERR))
    faulthandler.enable(log)
    faulthandler.register(signal.SIGQUIT, file=log, all_threads=True, chain=False)
    output, copies, descriptors = HandlerOutput(_STDOUT, _STDERR), ForkedCopies(), Descriptors()
    output.install()
    descriptors.keep(sock.fileno(), "its connection to the daemon")
    # lies where those of handlers and commands begin: closed with them, it tells of the rest
    descriptors.keep(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), "one of its own descriptors")
    copies.after_fork(output.become_copy)
    # a copy must not speak for this process
    copies.after_fork(sock.close)
    copies.at_end(output.end_message)
    copies.watch()
    return OwnProcess(
        copies=copies,
        descriptors=descriptors,
        output=output,
        inherited=InheritedState.taken(),
        give_up=LoggedExit(log, copies),
        supervisor=supervisor,
    )


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
    faulthandler.dump_traceback_later(limit_s, exit=True, file=_STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _die_with(supervisor: int) -> None:
    """Ask the kernel (Linux) to end this process with its supervisor, even in the middle of C code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
