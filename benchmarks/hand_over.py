"""How long a message takes to a waiting process, and what the waiting costs, and is either process."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.actor import message_name
from benchmarks.case import opened
from benchmarks.native import CACHE
from benchmarks.rounds import surroundings

if TYPE_CHECKING:
    from benchmarks.roster import Entrant

__all__ = ["Latency", "measure_latency", "measure_neighbour"]

STEPS_S = (0.010, 0.017, 0.023, 0.030)
"""Pauses between messages, in turn."""
SETTLE_S = 1.0
LEFT_OVER_S = 15.0
"""How long we wait for what has not arrived."""
LAST = "last"


@dataclass
class Latency:
    """What one waiting process gave."""

    millis: list[float] = field(default_factory=list)
    idle_percent: float = 0.0
    """Of one core, over some seconds in which nothing was sent."""
    sent: int = 0
    problem: str = ""

    def percentile(self, part: float) -> float:
        """Return a percentile in milliseconds."""
        if not self.millis:
            return 0.0
        return sorted(self.millis)[min(len(self.millis) - 1, int(len(self.millis) * part))]

    @property
    def median(self) -> float:
        """The middle one in milliseconds."""
        return statistics.median(self.millis) if self.millis else 0.0


def measure_latency(entrant: Entrant, count: int, idle_s: float) -> Latency:
    """Start a waiting consumer, watch it idle, send it messages, and collect when each was in hand."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="hand-over-", dir=CACHE)
    command = [str(entrant.python), "-m", "benchmarks.hand_over", entrant.adapter, folder]
    processes: list[subprocess.Popen[str]] = []
    try:
        sender = _spawn([*command, "send", str(count)], folder, processes)
        _expect(sender, "ready")
        waiter = _spawn([*command, "wait", str(count)], folder, processes)
        _expect(waiter, "ready")
        time.sleep(SETTLE_S)
        before = _on_cpu_s(waiter.pid)
        time.sleep(idle_s)
        idle = 100 * (_on_cpu_s(waiter.pid) - before) / idle_s
        out, _ = sender.communicate("go\n", timeout=60 + count)
        sent: dict[str, float] = json.loads(out)
        received = _received(waiter)
        millis = [1000 * (received[name] - sent[name]) for name in sent if name in received]
        return Latency(millis, idle, len(sent))
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Latency(problem=str(error) or "ended early")
    finally:
        for process in processes:
            process.kill()
            process.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def measure_neighbour(entrant: Entrant, seconds: float) -> float:
    """Return the time on a core, in percent, of a waiting process while another topic is busy."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="neighbour-", dir=CACHE)
    command = [str(entrant.python), "-m", "benchmarks.hand_over", entrant.adapter, folder]
    processes: list[subprocess.Popen[str]] = []
    try:
        neighbour = _spawn(
            [*command, "send", str(10**6)],
            folder,
            processes,
            SMQ_BENCH_TOPIC="neighbour",
            SMQ_BENCH_PAUSE="0.002",
        )
        _expect(neighbour, "ready")
        waiter = _spawn([*command, "wait", "1"], folder, processes)
        _expect(waiter, "ready")
        assert neighbour.stdin is not None
        neighbour.stdin.write("go\n")
        neighbour.stdin.flush()
        time.sleep(SETTLE_S)
        before = _on_cpu_s(waiter.pid)
        time.sleep(seconds)
        return 100 * (_on_cpu_s(waiter.pid) - before) / seconds
    finally:
        for process in processes:
            process.kill()
            process.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def _spawn(
    command: list[str], folder: str, into: list[subprocess.Popen[str]], **more: str
) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=surroundings(**more),
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    into.append(process)
    return process


def _expect(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    if process.stdout.readline().strip() != word:
        raise ValueError(f"a process ended with {process.wait(timeout=10)}")


def _received(waiter: subprocess.Popen[str]) -> dict[str, float]:
    """Collect what the waiting process got; it ends by itself after the last one, else after a while."""
    try:
        out, _ = waiter.communicate(timeout=LEFT_OVER_S)
    except subprocess.TimeoutExpired:
        waiter.terminate()
        out, _ = waiter.communicate(timeout=LEFT_OVER_S)
    return {name: float(moment) for name, moment in (line.split() for line in out.splitlines())}


def _on_cpu_s(pid: int) -> float:
    """Add up the time on a core of all threads of a process."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


def send(adapter: str, folder: str, count: int) -> None:
    """Create the queue, and when told to, send messages with pauses; prints when each was sent."""
    queue = opened(adapter, folder, "default")
    print("ready", flush=True)
    sys.stdin.readline()
    sent = {}
    pause = float(os.environ.get("SMQ_BENCH_PAUSE", "0"))
    for number in range(count):
        name = LAST if number == count - 1 else f"m{number}"
        payload = queue.prepare(json.dumps({"name": name, "note": "x" * 150}))
        sent[name] = time.monotonic()
        queue.put(payload)
        time.sleep(pause or STEPS_S[number % len(STEPS_S)])
    print(json.dumps(sent))
    queue.close()


def wait(adapter: str, folder: str) -> None:
    """Wait in the queue's own way; prints when each message was in hand, and ends with the last one."""
    queue = opened(adapter, folder, "default")

    def handle(payload: object) -> None:
        now = time.monotonic()
        name = message_name(payload)
        print(name, now, flush=True)
        if name == LAST:
            os._exit(0)

    print("ready", flush=True)
    queue.serve(handle)


def main() -> None:
    """Be the sender or the waiting process."""
    adapter, folder, role, count = sys.argv[1:]
    if role == "send":
        send(adapter, folder, int(count))
    else:
        wait(adapter, folder)


if __name__ == "__main__":
    main()
