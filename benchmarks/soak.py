"""A long run of two daemons at half of their rate: payloads of 200 B to 256 kB, random kills of workers.

    python -m benchmarks.soak --minutes 45

It measures what the daemons can do in the first seconds, enqueues at half of that while a dashboard watches,
and says every minute how memory, descriptors, the -wal and the rate are. At the end it counts: each message
was handled, none is left. It ends with 1 where something is not as it should be.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.soak_figures import Figures, Sample, Usage
from benchmarks.watching import Watching
from smq_core import Inspector, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Plan", "run_soak"]

HANDLER = """
import os
FD = os.open("handled", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def handle(message):
    os.write(FD, b"%d\\n" % message.id)
"""
TOPIC = "t"
SIZES = (200, 200, 200, 200, 200, 200, 2_000, 2_000, 20_000, 256_000)
RATE_OVER_S = 5.0
BATCH = 100
SAMPLES = 180
"""So many looks at least, the more the longer it goes on."""
SAMPLE_EVERY_S = 15.0
TOLD_EVERY_S = 60.0
DRAIN_S = 120.0


class Plan(NamedTuple):
    """How long and how hard."""

    seconds: float
    processes: int = 4
    """Of each of the two daemons."""
    kill_every_s: float = 20.0
    tell: Callable[[str], object] = lambda _text: None


class Soak:
    """Two daemons in a folder, who feeds them, and who watches."""

    def __init__(self, folder: Path, processes: int) -> None:
        """Start the daemons; each has so many worker processes."""
        (folder / "handlers.py").write_text(HANDLER)
        self.folder = folder
        self.queue = Queue(folder / "queue.sqlite3")
        self.queue.size(TOPIC)
        self.sent = 0
        self.killed = 0
        self.wal_most = 0
        self._random = random.Random(1)  # noqa: S311 - repeatable
        self._payloads = ["x" * size for size in SIZES]
        command = [sys.executable, "-m", "smq_core.daemon.main", "--db", "queue.sqlite3"]
        command += ["--handler", f"{TOPIC}=handlers:handle", "--processes", str(processes)]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]),
        }
        with (folder / "log").open("w") as log:
            self.daemons = [
                subprocess.Popen(command, cwd=folder, stderr=log, env=environment) for _ in range(2)
            ]

    def send(self) -> None:
        """Enqueue a batch of mixed sizes."""
        self.queue.enqueue_many(TOPIC, self._random.choices(self._payloads, k=BATCH))
        self.sent += BATCH
        self.look_at_wal()

    def look_at_wal(self) -> int:
        """Measure the -wal, and remember the longest."""
        with contextlib.suppress(OSError):
            length = (self.folder / "queue.sqlite3-wal").stat().st_size
            self.wal_most = max(self.wal_most, length)
            return length
        return 0

    def kill_one(self) -> None:
        """Kill a worker process."""
        if workers := self.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._random.choice(workers), signal.SIGKILL)
                self.killed += 1

    def workers(self) -> list[int]:
        """Return the process ids of all worker processes."""
        found: list[int] = []
        for daemon in self.daemons:
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text()
                found += [int(pid) for pid in children.split()]
        return found

    def sample(self, dashboard: int) -> Sample:
        """Look at everything."""
        waiting = self.queue.size(TOPIC)
        usage = {
            "two supervisors": _usage(daemon.pid for daemon in self.daemons),
            "worker processes": _usage(self.workers()),
            "the dashboard": _usage([dashboard]),
            "the producer": _usage([os.getpid()]),
        }
        return Sample(time.monotonic(), self.sent - waiting, waiting, self.look_at_wal(), usage)

    def drain(self) -> None:
        """Wait until all was handled.

        Raises:
            TimeoutError: when that takes too long.
        """
        deadline = time.monotonic() + DRAIN_S
        while self.queue.size(TOPIC):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.queue.size(TOPIC)} messages are left")
            self.look_at_wal()
            time.sleep(0.01)

    def stop(self) -> list[int]:
        """End the daemons; answers their exit codes."""
        for daemon in self.daemons:
            daemon.terminate()
        codes = [daemon.wait() for daemon in self.daemons]
        self.queue.close()
        return codes


def run_soak(folder: Path, plan: Plan) -> Figures:
    """Run it in an empty folder.

    Raises:
        TimeoutError: when the daemons do not come to their end.
        AssertionError: when one of them does not end well.
    """
    soak = Soak(folder, plan.processes)
    try:
        with Watching(str(folder / "queue.sqlite3"), folder) as watching:
            full_rate = _full_rate(soak)
            plan.tell(f"full rate {full_rate:,.0f}/s, soaking at {full_rate / 2:,.0f}/s")
            samples = _soak(soak, watching, full_rate / 2, plan)
            soak.drain()
            assert watching.painted, "nobody watched"
    finally:
        codes = soak.stop()
    assert codes == [0, 0], codes
    handled = set((folder / "handled").read_text().split())
    with Inspector(folder / "queue.sqlite3", read_only=True) as inspector:
        dead = inspector.topic(TOPIC).dead
    return Figures(
        full_rate=full_rate,
        samples=samples,
        wal_most=soak.wal_most,
        killed=soak.killed,
        sent=soak.sent,
        lost=soak.sent - len(handled) - dead,
        dead=dead,
    )


def _full_rate(soak: Soak) -> float:
    """Measure how many messages a second are handled when there are always enough."""
    soak.send()
    soak.drain()
    began, before = time.monotonic(), soak.sent
    while time.monotonic() < began + RATE_OVER_S:
        if soak.queue.size(TOPIC) < 20 * BATCH:
            soak.send()
    soak.drain()
    return (soak.sent - before) / (time.monotonic() - began)


def _soak(soak: Soak, watching: Watching, rate: float, plan: Plan) -> list[Sample]:
    began = time.monotonic()
    first, killed, told = soak.sent, began, began
    samples = [soak.sample(watching.pid)]
    while (now := time.monotonic()) < began + plan.seconds:
        if soak.sent - first < rate * (now - began):
            soak.send()
        else:
            soak.look_at_wal()
            time.sleep(0.005)
        if now - killed > plan.kill_every_s:
            killed = now
            soak.kill_one()
        if now - samples[-1].at > min(SAMPLE_EVERY_S, plan.seconds / SAMPLES):
            samples.append(soak.sample(watching.pid))
        if now - told > TOLD_EVERY_S:
            told = now
            plan.tell(f"{now - began:6.0f} s  {_line(samples[-1])}")
    return [*samples, soak.sample(watching.pid)]


def _line(sample: Sample) -> str:
    used = ", ".join(
        f"{kind} {usage.memory / 2**20:.0f} MiB {usage.descriptors} open"
        for kind, usage in sample.usage.items()
    )
    return f"{sample.handled:,} handled, {sample.waiting:,} wait, -wal {sample.wal / 2**20:.1f} MiB, {used}"


def _usage(pids: Iterable[int]) -> Usage:
    memory = descriptors = 0
    for pid in pids:
        # a process that was killed is not there any more
        with contextlib.suppress(OSError):
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            descriptors += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
            memory += pages * os.sysconf("SC_PAGE_SIZE")
    return Usage(memory, descriptors)


def main() -> int:
    """Run it as it is asked for; answers the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--processes", type=int, default=4, help="of each of the two daemons")
    parser.add_argument("--kill-every", type=float, default=20.0, help="seconds between kills of a worker")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(
            arguments.minutes * 60,
            arguments.processes,
            arguments.kill_every,
            lambda text: print(text, flush=True),
        )
        figures = run_soak(Path(folder), plan)
    print(figures.table())
    faults = figures.faults()
    print("\n".join(["", *faults] if faults else ["", "all as it should be"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
