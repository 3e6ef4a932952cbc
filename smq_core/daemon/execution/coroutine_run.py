"""Runs one coroutine for one message, on the event loop that it shares with others.

A coroutine that is interrupted is waited for: until it has ended its message is still being handled.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import TYPE_CHECKING

from smq_core.handler import HandlerInterrupt

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from smq_core.daemon.containment.process_exit import ExitOnUnexpectedError
    from smq_core.daemon.execution.event_loop import EventLoop

__all__ = ["CoroutineRun"]


class CoroutineRun:
    """One run of a coroutine; `interrupt` may be called from another thread."""

    def __init__(self, coroutine: Coroutine[object, object, object], event_loop: EventLoop) -> None:
        """Prepare the run; nothing starts yet."""
        self._coroutine = coroutine
        self._event_loop = event_loop
        self._loop = event_loop.get()
        self._task: asyncio.Task[BaseException | None] | None = None
        self._ended: concurrent.futures.Future[BaseException | None] = concurrent.futures.Future()

    def run(self, exit_on_error: ExitOnUnexpectedError) -> None:
        """Run it to its end, starting it within `exit_on_error`; raise what the coroutine raises."""
        try:
            with exit_on_error:
                self._loop.call_soon_threadsafe(self._begin)
            error = self._ended.result()
        except HandlerInterrupt:
            # it came before whoever interrupts knew of this run
            self.interrupt()
            self._ended.result()
            raise
        finally:
            self._coroutine.close()
        if error is not None:
            raise error

    def interrupt(self) -> None:
        """Cancel the coroutine."""
        self._loop.call_soon_threadsafe(self._cancel)

    def _begin(self) -> None:
        if self._task is None:
            self._task = self._event_loop.begin(self._coroutine)
            self._task.add_done_callback(self._note_end)

    def _cancel(self) -> None:
        # one that was not begun begins and ends here
        self._begin()
        if self._task is not None:
            self._task.cancel()

    def _note_end(self, task: asyncio.Task[BaseException | None]) -> None:
        if task.cancelled():
            self._ended.set_result(asyncio.CancelledError())
        else:
            self._ended.set_result(task.exception() or task.result())
