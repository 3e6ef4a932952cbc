"""The event loop of a worker process, on which all its asynchronous handlers run."""

from __future__ import annotations

import asyncio
import threading

__all__ = ["EventLoop"]


class EventLoop:
    """One loop, started when the first handler needs it."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        """Answer the loop, the same to all threads: what handlers share between awaits belongs to one."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="event-loop", daemon=True).start()
            return self._loop
