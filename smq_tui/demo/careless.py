"""A consumer that takes invoices, works too slowly, and dies with them in its hands.

`python -m smq_tui.demo.careless DATABASE`.

It shows what expired leases look like, and that the queue gives them back by itself.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading

from smq_core import LeaseLost, Queue

__all__ = ["consume"]

_TOPIC = "invoices"
_LEASE_S = 6.0


def consume(location: str) -> None:
    """Print invoices until one is too many."""
    parent = os.getppid()
    with Queue(location, worker=f"printer-{os.getpid()}") as queue:
        while os.getppid() == parent:
            for lease in queue.dequeue(_TOPIC, limit=3, visibility_timeout=_LEASE_S, wait=1.0):
                threading.Event().wait(random.uniform(0.1, 0.6))
                if random.random() < 0.08:
                    os.kill(os.getpid(), signal.SIGKILL)
                try:
                    queue.ack(lease)
                except LeaseLost:
                    # Somebody else has it by now, and will print it.
                    continue


if __name__ == "__main__":
    consume(sys.argv[1])
