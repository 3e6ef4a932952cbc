"""One handler thread: takes deliveries, runs their handlers, says how they ended.

It knows no socket and no database.
"""

from __future__ import annotations

import ctypes
import inspect
import threading
from typing import TYPE_CHECKING, Final, Literal, Protocol

from smq_core.daemon.execution.command import CommandFailed, CommandRun
from smq_core.daemon.execution.coroutine_run import CoroutineRun
from smq_core.daemon.execution.failures import verdict
from smq_core.daemon.execution.return_values import work_left
from smq_core.daemon.wire.protocol import Failed, Printed
from smq_core.handler import Bury, HandlerInterrupt, HandlerMessage, HandlerStopped, HandlerTimeout, Retry
from smq_core.validation import duration_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from queue import SimpleQueue

    from smq_core.clock import Clock
    from smq_core.daemon.execution.own_process import OwnProcess
    from smq_core.daemon.wire.protocol import Delivery, HandlerSpec
    from smq_core.daemon.wire.slots import Slots

__all__ = ["LoadedHandler", "Outbox", "Runner"]

_SHORTEST_EXTENSION_S: Final = 0.001


class LoadedHandler:
    """What runs for the messages of a handler: a function, a coroutine function, or a command."""

    __slots__ = ("function", "is_async", "spec")

    def __init__(self, spec: HandlerSpec, function: Callable[..., object] | None) -> None:
        """Look once whether it is asynchronous."""
        self.spec = spec
        self.function = function
        call = getattr(function, "__call__", None)  # noqa: B004 - an object whose __call__ is `async def`
        self.is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


class Outbox(Protocol):
    """Where outcomes go."""

    def done(self, tag: int, took_s: float) -> None:
        """Note that a delivery was processed, and how long that took."""
        ...

    def printed(self, outcome: Printed, took_s: float) -> None:
        """Report that a command processed it, and what that printed."""
        ...

    def failed(self, outcome: Failed, took_s: float) -> None:
        """Report that it was not."""
        ...

    def extend(self, tag: int, seconds: float | None) -> None:
        """Ask for a longer lease."""
        ...


class Runner:
    """A thread that handles one message at a time."""

    def __init__(
        self,
        index: int,
        *,
        inbox: SimpleQueue[Delivery | None],
        outbox: Outbox,
        handlers: Callable[[str], LoadedHandler | None],
        slots: Slots,
        stopping: threading.Event,
        process: OwnProcess,
        clock: Clock,
    ) -> None:
        """Take from `inbox`, report to `outbox`; handlers run in `process`, and may spoil it."""
        self.stopping = stopping
        self._index = index
        self._inbox = inbox
        self._outbox = outbox
        self._handlers = handlers
        self._slots = slots
        self._process = process
        self._clock = clock
        self._lock = threading.Lock()
        self._current = 0
        """The tag of the delivery that may be interrupted; 0: none."""
        self._timeout = 0.0
        self._interrupted: type[HandlerInterrupt] | None = None
        self._command: CommandRun | None = None
        self._coroutine: CoroutineRun | None = None
        self._thread = threading.Thread(target=self._run, name=f"handler-{index}", daemon=True)

    def start(self) -> None:
        """Begin to take messages."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for its end, after a None in the inbox."""
        self._thread.join(timeout_s)

    def extend(self, tag: int, seconds: float | None) -> None:
        """Give the running handler a new deadline.

        Raises:
            InvalidMessage: when the seconds are no such number.
        """
        if seconds is not None:
            duration_ms(seconds, "extension", least=_SHORTEST_EXTENSION_S)
        allowed = self._timeout if seconds is None else seconds
        if tag == self._current and allowed:
            self._slots.set_deadline(self._index, self._clock.monotonic() + allowed)
        self._outbox.extend(tag, seconds)

    def interrupt(self, tag: int, why: Literal["timeout", "stopped"]) -> bool:
        """Interrupt the handler if it is at this delivery.

        An exception, a cancelled task, or the end of its command.
        """
        with self._lock:
            if self._current != tag or self._interrupted is not None:
                return False
            self._interrupted = HandlerTimeout if why == "timeout" else HandlerStopped
            if self._command is not None:
                self._command.interrupt()
            elif self._coroutine is not None:
                self._coroutine.interrupt()
            else:
                _raise_in(self._thread.ident, self._interrupted)
            return True

    def kill_command(self) -> None:
        """End the command that it runs, if it runs one, at once."""
        if (command := self._command) is not None:
            command.kill()

    def _run(self) -> None:
        self._slots.set_thread(self._index, threading.get_native_id())
        take, handle = self._inbox.get, self._handle
        # a thread that died alone would keep its message
        with self._process.vital("one of its threads failed"):
            while (delivery := take()) is not None:
                handle(delivery)

    def _handle(self, delivery: Delivery) -> None:
        handler = self._handlers(delivery.topic)
        if handler is None:
            self._outbox.failed(Failed(delivery.tag, "release", "no handler for its topic"), 0.0)
            return
        self._timeout = timeout = handler.spec.timeout_s
        started = self._clock.monotonic()
        deadline = started + timeout if timeout else 0.0
        outcome = self._outcome(handler, delivery, started, deadline)
        # the handler's own time: how much its process is given ahead goes by it
        took_s = self._clock.monotonic() - started
        self._process.output.end_message()
        # first: what the handler broke is charged to its message
        self._process.check()
        self._report(outcome, delivery, took_s)
        # last: a handler after which nothing can be sent any more is charged too
        self._slots.end(self._index)

    def _report(self, outcome: Failed | Printed | None, delivery: Delivery, took_s: float) -> None:
        if outcome is None:
            self._outbox.done(delivery.tag, took_s)
        elif isinstance(outcome, Printed):
            self._outbox.printed(outcome, took_s)
        else:
            self._outbox.failed(outcome, took_s)

    def _outcome(
        self, handler: LoadedHandler, delivery: Delivery, started: float, deadline: float
    ) -> Failed | Printed | None:
        self._interrupted = None
        try:
            try:
                # first: whoever sees it in the slot may interrupt it at once
                self._current = delivery.tag
                self._slots.begin(self._index, delivery.id, delivery.receipt, started, deadline)
                return self._call(handler, delivery)
            finally:
                self._settle()
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises, the thread goes on and the outcome tells
            # an interruption may have come up before the settling began; a second one is never sent
            self._settle()
            return verdict(delivery.tag, error, self._interrupted, self._timeout)

    def _call(self, handler: LoadedHandler, delivery: Delivery) -> Printed | None:
        if handler.function is None:
            return Printed(delivery.tag, self._run_command(handler, delivery))
        if handler.is_async:
            self._run_coroutine(handler, delivery)
            return None
        with self._process.copies:
            left = work_left(handler.function(HandlerMessage(delivery, self)))
        if left is not None:
            self._await(left)
        return None

    def _run_command(self, handler: LoadedHandler, delivery: Delivery) -> str:
        process = self._process
        command = CommandRun(
            handler.spec.command or (), delivery, self._clock, process.inherited, process.copies
        )
        with self._lock:
            self._command = command
        with process.able_to("run a command", Retry, Bury, CommandFailed):
            return command.run(lambda group: self._slots.set_command(self._index, group))

    def _run_coroutine(self, handler: LoadedHandler, delivery: Delivery) -> None:
        if handler.function is None:
            return
        coroutine: Coroutine[object, object, object] = handler.function(HandlerMessage(delivery, self))  # type: ignore[assignment]  # `is_async` says so
        self._await(coroutine)

    def _await(self, coroutine: Coroutine[object, object, object]) -> None:
        self._process.check()
        able = self._process.able_to("run a coroutine")
        with able:
            run = CoroutineRun(coroutine, self._process.loop)
        with self._lock:
            self._coroutine = run
        run.run(able)

    def _settle(self) -> None:
        """Let no interruption in any more, and take back one that was sent and has not come up yet."""
        while True:
            try:
                with self._lock:
                    self._current = 0
                    self._command = self._coroutine = None
                    if self._interrupted is not None:
                        _raise_in(self._thread.ident, None)
            except HandlerInterrupt:
                continue
            return


def _raise_in(thread_id: int | None, kind: type[BaseException] | None) -> None:
    """Let an exception come up in another thread at its next Python instruction; None takes it back."""
    if thread_id is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread_id), None if kind is None else ctypes.py_object(kind)
        )
