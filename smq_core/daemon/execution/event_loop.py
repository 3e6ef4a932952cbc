"""The event loop of a worker process, on which all its asynchronous handlers run."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from smq_core.daemon.containment.process_exit import ExitOnError
from smq_core.daemon.containment.tracebacks import handlers_part
from smq_core.daemon.execution.return_values import finish

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from smq_core.daemon.containment.descriptors import Descriptors
    from smq_core.daemon.containment.forked_copies import ForkedCopies
    from smq_core.daemon.containment.handler_output import HandlerOutput
    from smq_core.daemon.containment.process_exit import ExitProcess

__all__ = ["EventLoop"]


class EventLoop:
    """One loop, started when the first handler needs it; without it the process ends."""

    def __init__(
        self, copies: ForkedCopies, descriptors: Descriptors, output: HandlerOutput, give_up: ExitProcess
    ) -> None:
        """Start nothing yet."""
        self._output = output
        self._copies = copies
        self._descriptors = descriptors
        self._give_up = give_up
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._is_ending = False
        copies.after_fork(self._leave)

    def get(self) -> asyncio.AbstractEventLoop:
        """Return the loop, the same to all threads: what handlers share between awaits belongs to one."""
        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=self._serve, args=(loop,), name="event-loop", daemon=True)
                thread.start()
                for descriptor in _descriptors_of(loop):
                    self._descriptors.keep(descriptor, "a descriptor of its event loop")
                self._loop, self._thread = loop, thread
            return self._loop

    def end(self, timeout_s: float) -> None:
        """Stop the loop for good; a task that blocks it may hold it up for longer than that."""
        with self._lock:
            loop, thread, self._is_ending = self._loop, self._thread, True
        if loop is not None and thread is not None:
            # closed by a handler just now: then the thread ends by itself
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout_s)

    def begin(self, coroutine: Coroutine[object, object, object]) -> asyncio.Task[BaseException | None]:
        """Start to run a handler's coroutine, on the loop's own thread; the process ends where it cannot.

        The task is made without the loop's task factory, which a handler may have replaced.
        """
        with ExitOnError(self._give_up, "it cannot start a coroutine"):
            return asyncio.Task(self.run(coroutine), loop=self._loop)

    async def run(self, coroutine: Coroutine[object, object, object]) -> BaseException | None:
        """Run a handler to its end; return what it raised if that would end the loop itself."""
        try:
            with self._copies, self._output.apart():
                await finish(coroutine)
        except (SystemExit, KeyboardInterrupt) as error:
            return error
        return None

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run the loop until the process ends: handlers share it, so that none may stop it."""
        while not self._is_ending:
            with ExitOnError(self._give_up, "its event loop failed"):
                self._run_until_stopped(loop)
            if loop.is_closed():
                self._give_up("a handler closed its event loop")

    def _run_until_stopped(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            # of a task that a handler started beside itself
            error.with_traceback(handlers_part(error.__traceback__))
            self._output.say(f"a task failed with {type(error).__name__} ({error}); the event loop continues")
        finally:
            if self._copies.is_copy:
                self._copies.end(
                    SystemExit("a process forked by an asynchronous handler exits at its first await")
                )

    def _leave(self) -> None:
        """Let a copy that was forked off on the loop's thread run nobody else's tasks."""
        if self._loop is not None and threading.current_thread() is self._thread:
            self._loop.stop()
            ready = getattr(self._loop, "_ready", None)
            if ready is not None:
                ready.clear()


def _descriptors_of(loop: asyncio.AbstractEventLoop) -> list[int]:
    """Return what a loop of the standard library waits on and is woken by; it has no public name for them."""
    found = (getattr(loop, name, None) for name in ("_selector", "_ssock", "_csock"))
    return [one.fileno() for one in found if one is not None]
