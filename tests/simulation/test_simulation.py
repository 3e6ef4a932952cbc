"""The engine against a small model, with everybody at work at once on a clock that jumps, by a seed.

Producers, consumers, daemons, operators, the janitor and holders that were thought dead make their calls;
between any two transactions of the store others come first, time passes, the clock is set, or whoever was
about to go on vanishes. After each one the model says what should be.

`SMQ_SIMULATION_STEPS=1000000 pytest tests/simulation` makes a million of them, and
`SMQ_SIMULATION_SEED=17 SMQ_SIMULATION_STEPS=1 pytest tests/simulation` one simulation again, as it was.
"""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.matrix import scaled
from tests.simulation.rare import EVENTS, Rare
from tests.simulation.running import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

SEED = int(os.environ.get("SMQ_SIMULATION_SEED", "0"))
SHORT = 8_000
STEPS = int(os.environ.get("SMQ_SIMULATION_STEPS", "0")) or scaled(SHORT, 300_000)
ALL_HAPPEN = 200_000
"""Steps in which every rare event has to happen."""


@pytest.mark.fault(
    row="all actors at the same time: processes are killed, clocks jump, and stopped processes resume",
    part="simulation",
    promise="messages, counters, undo data and results equal those of a small model; no message has two "
    "valid receipts at the same time",
    how="actors on a fake clock, interleaved at random from a seed; each transaction is compared with the "
    "model",
)
@pytest.mark.timeout(120 + STEPS // 200)
def test_the_engine_does_what_the_model_says(folder: Path, template: Path, fault: Fault) -> None:
    """No difference is found, whoever comes between whatever."""
    rare = Rare()
    for seed in count(SEED):
        world = simulate(seed, folder, template, rare)
        fault.ran(world.steps)
        fault.struck(world.struck)
        if fault.runs >= STEPS:
            break
    happened = len(EVENTS) - len(rare.never())
    if fault.runs >= ALL_HAPPEN:
        assert not rare.never(), f"in {fault.runs} steps these never happened: {', '.join(rare.never())}"
    elif fault.runs >= SHORT:
        assert happened >= 35
