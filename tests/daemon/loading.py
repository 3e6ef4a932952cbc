"""Work for a daemon under load: a handler that writes down what it was given, and what is left of it."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from smq_core import Queue

if TYPE_CHECKING:
    from pathlib import Path

    from tests.daemon.running import Daemon

__all__ = ["NOTING", "Feed", "handled", "hold_for", "said"]

NOTING = """
    import os, threading
    FD = os.open("handled", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def handle(message):
        threading.Event().wait(0.001)
        os.write(FD, b"%d\\n" % message.id)
"""
BATCH = 20
PAUSE_S = 0.02


class Feed:
    """A thread that enqueues without end, until it is told to."""

    def __init__(self, path: Path) -> None:
        """Begin."""
        self.ids: list[int] = []
        self._path = path
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed")
        self._thread.start()

    def end(self) -> None:
        """Stop; what was enqueued stands in `ids`."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        with Queue(self._path) as queue:
            while not self._ending.wait(PAUSE_S):
                self.ids += queue.enqueue_many("t", [1] * BATCH)


def handled(folder: Path) -> Counter[int]:
    """Count how often each message was handled."""
    path = folder / "handled"
    return Counter(int(line) for line in path.read_text().split()) if path.exists() else Counter()


def hold_for(seconds: float) -> None:
    """Let a fault last."""
    threading.Event().wait(seconds)


def said(daemon: Daemon, action: str) -> int:
    """Count the lines of an action in a log that was read."""
    return sum(line["action"] == action for line in daemon.lines)
