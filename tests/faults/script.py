"""Every verb of a producer and a consumer in turn, noted: what is killed at each of its effects on the disk.

`python -m tests.faults.script QUEUE LOG` runs it as a program, for those who strike from outside.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.faults.recorded import Recorded


def perform(location: Path, log: Path) -> None:
    """Send, take, and settle in every way; close everything in the end."""
    with Recorded(str(location), log, "performer") as queue:
        queue.enqueue("first")
        queue.enqueue("second", "third", "fourth")
        queue.enqueue("large" + "." * 20_000)
        queue.enqueue("delayed", delay=3600)
        first, second = queue.dequeue(2)
        queue.ack(first)
        queue.extend(second, 120)
        queue.requeue(second)
        again, third = queue.dequeue(2)
        queue.release(third)
        (third,) = queue.dequeue(ack=[again])
        queue.bury(third)
        rest = queue.dequeue(9)
        queue.ack(*rest)


if __name__ == "__main__":
    perform(Path(sys.argv[1]), Path(sys.argv[2]))
