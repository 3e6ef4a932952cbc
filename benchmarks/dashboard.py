"""Measures the dashboard in a pty, with millions of messages and a writer: frames, keys, processor, memory.

Run it as `python benchmarks/dashboard.py [MESSAGES]`; its database lies in a temporary folder.
"""

from __future__ import annotations

import contextlib
import math
import os
import pty
import random
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from fcntl import ioctl
from pathlib import Path

from smq_core import Payload, Queue

TOPICS = ("orders", "mail", "thumbnails", "invoices", "search-index")
BATCH = 10_000
SIZE = (120, 40)
ROUND = "2jjjjkk]][[Gkkgjjj34561jkjkdd?q"
"""Keys each of which changes what is on the screen, from the home screen."""
ROUNDS = 8
QUIET_S = 0.02
"""An answer is over when nothing more was painted for so long."""
IDLE_S = 5.0
LONGEST_S = 2.0
CHANGES_PER_S = 1_000
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")

WRITER = """
import sys, threading
from smq_core import Payload, Queue
with Queue(sys.argv[1], durability="normal") as queue:
    pause = threading.Event()
    while True:
        queue.enqueue_many("orders", [{"order": n} for n in range(10)])
        queue.ack_many(queue.dequeue("mail", limit=10))
        pause.wait(0.02)
"""


class Terminal:
    """The dashboard in a pty, whose answers are timed."""

    def __init__(self, location: str, home: str) -> None:
        """Start it."""
        self.begun = time.perf_counter()
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            environment = {**os.environ, "HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execve(sys.executable, [sys.executable, "-c", STARTER, "--db", location], environment)  # noqa: S606 - our own program
        ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))

    def read_until(self, text: bytes, timeout: float) -> float:
        """Read until a text was painted; answer the seconds since the start."""
        seen = b""
        deadline = time.perf_counter() + timeout
        while text not in ESCAPES.sub(b"", seen):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{text!r} was not painted")
            seen += self._read(0.05)
        return time.perf_counter() - self.begun

    def press(self, key: str) -> float:
        """Press a key; answer the seconds until the first paint of the answer."""
        self.drain(QUIET_S)
        begun = time.perf_counter()
        os.write(self.descriptor, key.encode())
        while not self._read(0.5):
            if time.perf_counter() - begun > LONGEST_S:
                return float("nan")
        return time.perf_counter() - begun

    def drain(self, quiet: float) -> None:
        """Read until nothing is painted for so long."""
        while self._read(quiet):
            pass

    def processor_time(self) -> float:
        """Return the seconds of processor time used so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the resident memory in MiB."""
        match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process}/status").read_text())
        return int(match[1]) / 1024 if match else 0.0

    def share_of_core(self, seconds: float) -> float:
        """Return the percentage of a core used over some seconds, its output being read."""
        before, begun = self.processor_time(), time.perf_counter()
        while time.perf_counter() - begun < seconds:
            self._read(0.1)
        return (self.processor_time() - before) / (time.perf_counter() - begun) * 100

    def close(self) -> None:
        """Leave it."""
        with contextlib.suppress(OSError):
            os.write(self.descriptor, b"\x11")
            self.drain(0.5)
        os.close(self.descriptor)
        os.waitpid(self.process, 0)

    def _read(self, timeout: float) -> bytes:
        if select.select([self.descriptor], [], [], timeout)[0]:
            return os.read(self.descriptor, 65_536)
        return b""


STARTER = "from smq_tui.cli import main; main()"


def fill(location: str, messages: int) -> None:
    """Put so many messages into five topics."""
    chance = random.Random(1)  # noqa: S311 - text to fill pages with
    with Queue(location, durability="normal") as queue:
        for begun in range(0, messages, BATCH):
            topic = TOPICS[begun // BATCH % len(TOPICS)]
            payloads: list[Payload] = [
                {"order": begun + n, "note": f"{chance.getrandbits(64):016x}" * 8} for n in range(BATCH)
            ]
            queue.enqueue_many(topic, payloads)


def measure(location: str, home: str) -> dict[str, float]:
    """Measure one session."""
    terminal = Terminal(location, home)
    figures: dict[str, float] = {}
    try:
        figures["first frame, s"] = terminal.read_until(b"search-index", 10)
        terminal.drain(1.0)
        figures["idle, % of a core"] = terminal.share_of_core(IDLE_S)
        writer = subprocess.Popen([sys.executable, "-c", WRITER, location])
        try:
            terminal.drain(0.2)
            figures["busy home, % of a core"] = terminal.share_of_core(IDLE_S)
            terminal.press("2")
            figures["busy messages, % of a core"] = terminal.share_of_core(IDLE_S)
            terminal.press("1")
            used = terminal.processor_time()
            times = [(key, terminal.press(key)) for _ in range(ROUNDS) for key in ROUND]
            # Unlike the time that passes, this hardly depends on what else the machine does.
            figures["processor time a key, ms"] = (terminal.processor_time() - used) / len(times) * 1000
        finally:
            writer.kill()
            writer.wait()
        answered = sorted(seconds for _, seconds in times if not math.isnan(seconds))
        figures["keys unanswered"] = len(times) - len(answered)
        print(
            "  slowest:",
            *(
                f"{key!r} {seconds * 1000:.0f} ms"
                for key, seconds in sorted(times, key=lambda one: -one[1])[:6]
            ),
        )
        figures["key p50, ms"] = statistics.median(answered) * 1000
        figures["key p99, ms"] = answered[int(len(answered) * 0.99) - 1] * 1000
        figures["memory, MiB"] = terminal.memory()
    finally:
        terminal.close()
    return figures


def main() -> None:
    """Measure with the number of messages that was named, or a million."""
    messages = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        location = str(Path(folder) / "queue.sqlite3")
        begun = time.perf_counter()
        fill(location, messages)
        print(f"{messages:,} messages in {time.perf_counter() - begun:.0f} s")
        for name, value in measure(location, folder).items():
            print(f"  {name:<28} {value:10.2f}")


if __name__ == "__main__":
    main()
