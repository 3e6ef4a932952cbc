"""A consumer in a process of its own: fills a queue, or serves one and prints messages a second."""

from __future__ import annotations

import os
import sys
import threading
from time import perf_counter

from benchmarks import handlers
from benchmarks.case import opened, opened_to_fill, payload_of
from benchmarks.loops import fill

__all__: list[str] = []

CAP_S = 12.0
"""Some consumers handle thirty messages a second: they are stopped after so long."""
PAYLOAD_BYTES = 200


class Count:
    """Counts what was handled, and ends the process when it was all, or the time is over."""

    def __init__(self, whole: int, handler: str) -> None:
        """Wait for the first message."""
        self._whole = whole
        self._handle = getattr(handlers, handler)
        self._handled = 0
        self._start = self._last = 0.0

    def __call__(self, payload: object) -> None:
        """Handle a message."""
        self._handle(payload)
        self._last = perf_counter()
        if not self._handled:
            self._start = self._last
            threading.Timer(CAP_S, self.end).start()
        self._handled += 1
        if self._handled == self._whole:
            self.end()

    def end(self) -> None:
        """Print the rate and leave, whatever the consumer is doing."""
        rate = (self._handled - 1) / (self._last - self._start) if self._handled > 1 else 0.0
        print(rate, flush=True)
        os._exit(0)


def main() -> None:
    """Fill or serve, as the command line has it."""
    step, adapter, folder, count, *more = sys.argv[1:]
    if step == "fill":
        queue = opened_to_fill(adapter, folder)
        fill(queue, int(count), queue.prepare(payload_of(PAYLOAD_BYTES)))
        queue.close()
        return
    handler, core = more
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    opened(adapter, folder, "default").serve(Count(int(count), handler))


if __name__ == "__main__":
    main()
