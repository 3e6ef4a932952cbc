"""`make bench`: measures smq, its limit and its peers, and writes docs/benchmarks.md and its plot.

Each section is kept when it is done, so one can be measured again alone; the report has all that were.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.commands import commands
from benchmarks.crowds import crowds, slow_producers
from benchmarks.machine import commit
from benchmarks.native import CACHE, BuildError, build
from benchmarks.plan import Plan
from benchmarks.plot import write_plot
from benchmarks.report import write_report
from benchmarks.roster import BARE, C_LOOP, PEERS, installed
from benchmarks.rounds import surroundings
from benchmarks.table import Table, saved
from benchmarks.throughput import alike, backlog, defaults, sizes, slow_loops
from benchmarks.waiting import hand_over
from benchmarks.workers import workers

if TYPE_CHECKING:
    from collections.abc import Callable


def dashboard(plan: Plan) -> Table:
    """Run the dashboard's own benchmark; what it prints is the section."""
    table = Table.of("dashboard", [])
    table.text = "\n\n".join(_watched(plan, plan.scaled(messages)) for messages in WATCHED)
    return table


def _watched(plan: Plan, messages: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dashboard", str(messages)],
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    plan.tell(f"with {messages:,} messages it ended with {done.returncode}")
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


WATCHED = (1_000_000, 10_000_000)
"""So many messages a dashboard looks at."""
STALE_S = 3_600
"""A folder this old belongs to no run that still goes on."""

SECTIONS: dict[str, Callable[[Plan], Table]] = {
    "defaults": defaults,
    "alike": alike,
    "backlog": backlog,
    "sizes": sizes,
    "crowds": crowds,
    "slow-loops": slow_loops,
    "slow-disk": slow_producers,
    "hand-over": hand_over,
    "worker": workers,
    "commands": commands,
    "dashboard": dashboard,
}


def main() -> int:
    """Measure the sections that were asked for, and write the report of all that are known."""
    options = parsed()
    plan = planned(options)
    for key in options.sections:
        start = time.perf_counter()
        plan.tell(f"{key} …")
        SECTIONS[key](plan).save(f"{commit()} in {plan.in_words}")
        plan.tell(f"{key}: {time.perf_counter() - start:,.0f} s")
    tables = saved(list(SECTIONS))
    write_report(tables, plan)
    write_plot(tables)
    return 0


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [peer.name for peer in PEERS]
    parser.add_argument(
        "--sections", nargs="*", choices=list(SECTIONS), default=list(SECTIONS), help="only these"
    )
    parser.add_argument(
        "--peers", nargs="*", choices=names, default=names, help="only these (none: only smq and its limit)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each case runs (default 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="messages as a multiple of a full run's")
    parser.add_argument(
        "--core", type=int, default=min(os.sched_getaffinity(0)), help="for what runs on one core"
    )
    return parser.parse_args()


def planned(options: argparse.Namespace) -> Plan:
    """Compile and install what takes part; a leftover of a killed run is removed first."""
    for leftover in CACHE.glob("*-*/"):
        if time.time() - leftover.stat().st_mtime > STALE_S:
            shutil.rmtree(leftover, ignore_errors=True)
    limits = [BARE]
    try:
        build("bare_loop")
        limits.insert(0, C_LOOP)
    except BuildError as error:
        Plan.tell(f"without the C loop: {error}")
    Plan.tell("environments of the peers …")
    peers, missing = installed(set(options.peers))
    return Plan(options.rounds, options.scale, options.core, tuple(limits), tuple(peers), missing)


if __name__ == "__main__":
    sys.exit(main())
