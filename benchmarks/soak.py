"""A long run of two daemons at half of their rate: payloads of 200 B to 256 kB, random kills of workers.

    python benchmarks/soak.py --minutes 45

It measures what the daemons can do in the first seconds, enqueues at half of that, and says every minute how
memory, descriptors, the -wal and the rate are. At the end it counts: each message was handled, none is left.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from smq_core import Queue

HANDLER = """
import os
FD = os.open("handled", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def handle(message):
    os.write(FD, b"%d\\n" % message.id)
"""
SIZES = (200, 200, 200, 200, 200, 200, 2_000, 2_000, 20_000, 256_000)
RATE_OVER_S = 5.0
BATCH = 100
KILL_EVERY_S = 20.0


class Sample(NamedTuple):
    """One look at the daemons."""

    memory: int
    descriptors: int
    wal: int
    handled: int


class Soak:
    """Two daemons in a folder and who feeds them."""

    def __init__(self, folder: Path, processes: int) -> None:
        (folder / "handlers.py").write_text(HANDLER)
        self.folder = folder
        self.queue = Queue(folder / "queue.sqlite3")
        self.queue.size("t")
        self.random = random.Random(1)  # noqa: S311 - repeatable
        self.payloads = ["x" * size for size in SIZES]
        self.sent = 0
        command = [sys.executable, "-m", "smq_core.daemon.main", "--db", "queue.sqlite3"]
        command += ["--handler", "t=handlers:handle", "--processes", str(processes)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        with (folder / "log").open("w") as log:
            self.daemons = [
                subprocess.Popen(command, cwd=folder, stderr=log, env=environment) for _ in range(2)
            ]

    def send(self, count: int) -> None:
        """Enqueue so many messages of mixed sizes."""
        self.queue.enqueue_many("t", self.random.choices(self.payloads, k=count))
        self.sent += count

    def workers(self) -> list[int]:
        """Answer the process ids of all worker processes."""
        found: list[int] = []
        for daemon in self.daemons:
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text()
                found += [int(pid) for pid in children.split()]
        return found

    def kill_one(self) -> None:
        """Kill a worker process."""
        if workers := self.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.random.choice(workers), signal.SIGKILL)

    def sample(self) -> Sample:
        """Measure."""
        pids = [daemon.pid for daemon in self.daemons]
        return Sample(
            sum(_resident(pid) for pid in [*pids, *self.workers()]),
            sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids),
            (self.folder / "queue.sqlite3-wal").stat().st_size,
            self.sent - self.queue.size("t"),
        )

    def stop(self) -> None:
        """End the daemons."""
        for daemon in self.daemons:
            daemon.terminate()
        print("exit codes", [daemon.wait() for daemon in self.daemons])


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--processes", type=int, default=4, help="of each of the two daemons")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), arguments.processes)
        try:
            rate = _full_rate(soak) / 2
            print(f"full rate {2 * rate:,.0f}/s, soaking at {rate:,.0f}/s")
            samples = _soak(soak, rate, arguments.minutes * 60)
            _drain(soak)
        finally:
            soak.stop()
        _report(soak, samples)


def _full_rate(soak: Soak) -> float:
    """Measure how many messages a second are handled when there are always enough."""
    began, deadline = time.monotonic(), time.monotonic() + RATE_OVER_S
    while time.monotonic() < deadline:
        if soak.queue.size("t") < 20 * BATCH:
            soak.send(BATCH)
    _drain(soak)
    return soak.sent / (time.monotonic() - began)


def _soak(soak: Soak, rate: float, seconds: float) -> list[Sample]:
    began = time.monotonic()
    first, killed, looked, samples = soak.sent, began, began, []
    while (now := time.monotonic()) < began + seconds:
        if soak.sent - first < rate * (now - began):
            soak.send(BATCH)
        else:
            time.sleep(0.005)
        if now - killed > KILL_EVERY_S:
            killed = now
            soak.kill_one()
        if now - looked > min(60.0, seconds / 10):
            looked = now
            samples.append(soak.sample())
            print(f"{now - began:6.0f} s", samples[-1], flush=True)
    return samples


def _drain(soak: Soak) -> None:
    while soak.queue.size("t"):
        time.sleep(0.01)


def _report(soak: Soak, samples: list[Sample]) -> None:
    handled = {int(line) for line in (soak.folder / "handled").read_text().split()}
    print(f"sent {soak.sent:,}, handled {len(handled):,}, lost {soak.sent - len(handled):,}")
    tenth = max(1, len(samples) // 9)
    steps = [after.handled - before.handled for before, after in itertools.pairwise(samples)]
    if steps:
        print(f"rate, last part to first part: {sum(steps[-tenth:]) / max(1, sum(steps[:tenth])):.2f}")
    print(f"-wal at most {max(sample.wal for sample in samples) / 2**20:.1f} MiB")
    soak.queue.close()


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


if __name__ == "__main__":
    main()
