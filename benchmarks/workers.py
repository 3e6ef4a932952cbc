"""The section on workers: `smq-daemon` with threads and processes, and each peer's own consumer."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contender import TOPIC
from benchmarks.native import CACHE
from benchmarks.roster import BARE, OURS
from benchmarks.rounds import surroundings
from benchmarks.table import Table, ranged

if TYPE_CHECKING:
    from benchmarks.plan import Plan
    from benchmarks.roster import Entrant

__all__ = ["workers"]

NOTHING, MILLISECOND = "nothing", "one_millisecond"
TIMEOUT_S = 180.0
SMALL = 0.1
"""The small queue's part of the large one."""


def workers(plan: Plan) -> Table:
    """Measure handlers that do nothing, and that take a millisecond."""
    table = Table.of("worker", ["", "handler that does nothing", "handler of 1 ms"])
    daemons = [(processes, threads) for processes in (1, 2) for threads in (1, 4, 16)]
    consumers = (OURS, BARE, *plan.peers)
    seen: dict[tuple[str, str], list[float]] = {}
    for number in range(1, plan.rounds + 1):
        plan.tell(f"round {number} of {plan.rounds}")
        for handler in (NOTHING, MILLISECOND):
            for processes, threads in daemons:
                name = f"smq-daemon, {processes} x {threads}"
                count = (
                    plan.scaled(200_000) if handler == NOTHING else plan.scaled(5_000 * processes * threads)
                )
                seen.setdefault((name, handler), []).append(_daemon(handler, processes, threads, count))
            for one in consumers:
                count = plan.scaled(5_000 if handler == NOTHING else 2_000)
                seen.setdefault((_name(one), handler), []).append(_consumer(one, handler, count, plan.core))
    for name in dict.fromkeys(name for name, _ in seen):
        values = [seen[name, handler] for handler in (NOTHING, MILLISECOND)]
        cells = [ranged([value for value in some if value]) for some in values]
        table.add(name, cells, [sorted(some)[len(some) // 2] for some in values])
    return table


def _name(entrant: Entrant) -> str:
    return (
        "smq, a loop of dequeue(ack=previous, wait=...)"
        if entrant is OURS
        else f"{entrant.name} (own consumer)"
    )


def _daemon(handler: str, processes: int, threads: int, count: int) -> float:
    """Return messages a second, of a large queue less a small one: the start does not count."""
    small = max(1, round(count * SMALL))
    took = _burst(handler, processes, threads, count) - _burst(handler, processes, threads, small)
    return (count - small) / took if took > 0 else 0.0


def _burst(handler: str, processes: int, threads: int, count: int) -> float:
    folder = _folder(OURS, count)
    daemon = Path(sys.executable).with_name("smq-daemon")
    command = [str(daemon), "--db", f"{folder}/queue.sqlite3", "--burst"]
    command += ["--processes", str(processes), "--threads", str(threads)]
    command += ["--handler", f"{TOPIC}=benchmarks.handlers:{handler}"]
    try:
        start = time.perf_counter()
        subprocess.run(command, env=surroundings(), capture_output=True, timeout=TIMEOUT_S, check=True)
        return time.perf_counter() - start
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _consumer(entrant: Entrant, handler: str, count: int, core: int) -> float:
    """Return messages a second of a consumer in a process of its own; 0 when it offers none or failed."""
    folder = _folder(entrant, count)
    try:
        done = subprocess.run(
            [
                str(entrant.python),
                "-m",
                "benchmarks.consumer",
                "serve",
                entrant.adapter,
                folder,
                str(count),
                handler,
                str(core),
            ],
            env=surroundings(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return float(done.stdout.split()[-1]) if done.stdout.split() else 0.0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(entrant: Entrant, count: int) -> str:
    """Make a queue with so many messages waiting."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="worker-", dir=CACHE)
    command = [str(entrant.python), "-m", "benchmarks.consumer", "fill", entrant.adapter, folder, str(count)]
    subprocess.run(command, env=surroundings(), capture_output=True, timeout=TIMEOUT_S, check=True)
    return folder
