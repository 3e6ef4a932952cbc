"""What a daemon whose handler takes every topic spends at a wake-up while topics exist that hold nothing.

    python -m benchmarks.idle_topics --topics 100000 [--other CHECKOUT --other-topics 30000] [--rounds 5]

It sends one message at a time and reads from the kernel how long the daemon's main thread was at work for it:
the look, the lease, the ack, and its heartbeats. Another checkout is measured in turns with this one, each on
a database that it made itself.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

__all__ = ["Checkout", "main"]

HERE = Path(__file__).parents[1]
WAKE_UPS = 10
PAUSE_S = 0.3
"""Between two messages: long enough for each to be a wake-up of its own."""
PATIENCE_S = 120.0
MAKE = """
import sys
from smq_core import Queue
topics = [f"idle-{number:06}" for number in range(int(sys.argv[2]))]
with Queue(sys.argv[1], durability="normal") as queue:
    for start in range(0, len(topics), 500):
        some = topics[start : start + 500]
        for topic in some:
            queue.enqueue(topic, 1)
        queue.ack_many(queue.dequeue(*some, limit=len(some)))
"""
SEND = """
import sys, time
from smq_core import Queue
with Queue(sys.argv[1]) as queue:
    for line in sys.stdin:
        queue.enqueue("wake", 1)
        while queue.size("wake"):
            time.sleep(0.005)
        print(flush=True)
"""


class Checkout(NamedTuple):
    """A version of the code, and how many idle topics its daemon sees."""

    folder: Path
    topics: int

    def start(self, at: Path, *arguments: str) -> subprocess.Popen[str]:
        """Start its Python in a folder."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=at,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(self.folder), str(at)))},
        )

    def prepare(self, at: Path) -> None:
        """Make a database whose topics have all been emptied, and a handler."""
        at.mkdir()
        (at / "handlers.py").write_text("def handle(message): pass\n", encoding="utf-8")
        with self.start(at, "-c", MAKE, "queue.sqlite3", str(self.topics)) as making:
            making.communicate()

    def wake_up_ms(self, at: Path) -> float:
        """Run a daemon, and return what one of its wake-ups costs: milliseconds of processor time."""
        daemon = self.start(
            at, "-m", "smq_core.daemon.main", "--db", "queue.sqlite3", "--handler", "*=handlers:handle"
        )
        sender = self.start(at, "-c", SEND, "queue.sqlite3")
        try:
            for _ in range(2):
                _wake(sender)
            before = _on_cpu_ms(daemon.pid)
            for _ in range(WAKE_UPS):
                _wake(sender)
            return (_on_cpu_ms(daemon.pid) - before) / WAKE_UPS
        finally:
            sender.communicate(timeout=PATIENCE_S)
            daemon.terminate()
            daemon.communicate(timeout=PATIENCE_S)


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print the medians and their ratio."""
    options = _options(arguments)
    checkouts = {"this": Checkout(HERE, options.topics)}
    if options.other:
        checkouts["other"] = Checkout(options.other.resolve(), options.other_topics or options.topics)
    figures: dict[str, list[float]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory(prefix="idle-topics-") as folder:
        for name, checkout in checkouts.items():
            checkout.prepare(Path(folder, name))
        for _ in range(options.rounds):
            for name, checkout in checkouts.items():
                figures[name].append(checkout.wake_up_ms(Path(folder, name)))
    for name, checkout in checkouts.items():
        median = statistics.median(figures[name])
        print(f"{name}: {median:.2f} ms a wake-up with {checkout.topics:,} idle topics")
    if options.other:
        ratio = statistics.median(b / a for a, b in zip(*figures.values(), strict=True))
        print(f"ratio: {ratio:.0f}")
    return 0


def _wake(sender: subprocess.Popen[str]) -> None:
    time.sleep(PAUSE_S)
    if sender.stdin is None or sender.stdout is None:
        raise RuntimeError("the sender has no pipes")
    sender.stdin.write("\n")
    sender.stdin.flush()
    if not sender.stdout.readline():
        raise RuntimeError("the sender ended early")


def _on_cpu_ms(pid: int) -> float:
    """Return how long the main thread of a process has been running."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e6


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle_topics", description=__doc__)
    parser.add_argument("--topics", type=int, default=100_000)
    parser.add_argument("--other", type=Path, help="another checkout, measured in turns")
    parser.add_argument("--other-topics", type=int, default=0, help="its number of topics, if another")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
