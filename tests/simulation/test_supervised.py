"""Daemons with their real supervisors, whose worker processes, clock and misfortunes are drawn by a seed.

Up to three daemons share a file with library consumers and operators, who requeue by force, delete and bury
what runs. Everything stands still, dies, comes late or twice: supervisors, worker processes, whole daemons,
the database, the clock; and between any two calls of a daemon to its store others come first.

`SMQ_SIMULATION_STEPS=1000000 pytest tests/simulation/test_supervised.py` makes a million steps. With
`SMQ_SIMULATION_SEED=17 SMQ_SIMULATION_STEPS=1` it makes one simulation again, as it was.
"""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.matrix import scaled
from tests.simulation.supervised.seen import Seen
from tests.simulation.supervised.world import SupervisedWorld

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

SEED = int(os.environ.get("SMQ_SIMULATION_SEED", "0"))
SHORT = 20_000
STEPS = int(os.environ.get("SMQ_SIMULATION_STEPS", "0")) or scaled(SHORT, 1_000_000)
ALL_HAPPEN = 200_000
"""Steps in which every event of the list has to happen."""


@pytest.mark.fault(
    row="supervisors and worker processes that disagree: forced requeues, suspended processes, clock steps, "
    "late outcomes",
    part="simulation",
    promise="no message has two concurrent runs in a daemon unless forced; no lease expires while its "
    "handler is running",
    how="real supervisors with simulated worker processes on a fake clock, interleaved at random from a seed",
)
@pytest.mark.timeout(120 + STEPS // 200)
def test_no_daemon_runs_what_it_runs_already_or_lets_a_lease_end(
    folder: Path, template: Path, fault: Fault
) -> None:
    """No promise is broken, whoever comes between whatever."""
    seen = Seen()
    for seed in count(SEED):
        world = SupervisedWorld(seed, folder, template, seen)
        world.run()
        fault.ran(world.steps)
        fault.struck(world.struck)
        if fault.runs >= STEPS:
            break
    if fault.runs >= ALL_HAPPEN:
        assert not seen.never(), f"in {fault.runs} steps these never happened: {', '.join(seen.never())}"
