"""A short form of `benchmarks/soak.py`; whether its figures tell the truth, and a run where time is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.soak import Plan, run_soak
from benchmarks.soak_figures import MIB, Figures, Sample, Usage
from tests.matrix import IS_FULL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

SOAK_S = 60.0
KILL_EVERY_S = 5.0


def soaked(**changes: object) -> Figures:
    """Return the figures of an hour in which nothing grew."""
    return Figures(1000.0, hour(), 5 * MIB, 100, 50_000, 0, 0)._replace(**changes)  # type: ignore[arg-type]  # fields by name


def hour(*, memory: float = 0.0, descriptors: float = 0.0, rate: float = 10.0) -> list[Sample]:
    """Return a sample for each minute; something grows by so much in each, the rate is that of the end."""
    rates = [10.0] * 50 + [rate] * 10
    return [
        Sample(
            60.0 * n,
            round(60 * sum(rates[:n])),
            0,
            MIB,
            {"supervisor": Usage(round((50 + memory * n) * MIB), round(20 + descriptors * n))},
        )
        for n in range(60)
    ]


def test_a_soak_in_which_nothing_grew_is_as_it_should_be() -> None:
    assert soaked().faults() == []


@pytest.mark.parametrize(
    ("figures", "why"),
    [
        (soaked(samples=hour(memory=0.5)), "memory, supervisor, MiB grew: 51 to 78"),
        (soaked(samples=hour(descriptors=0.1)), "descriptors, supervisor grew: 20 to 26"),
        (soaked(samples=hour(rate=8.0)), "0.80 of the first"),
        (soaked(wal_most=64 * MIB), "the -wal had 64 MiB"),
        (soaked(lost=1), "1 messages were lost"),
        (soaked(dead=1), "1 are dead"),
    ],
)
def test_what_is_not_as_it_should_be_is_said(figures: Figures, why: str) -> None:
    (said,) = figures.faults()

    assert why in said


def test_the_figures_stand_in_a_table() -> None:
    table = soaked(samples=hour(memory=0.5)).table().splitlines()

    assert table[0] == "59.0 minutes at half of 1,000 messages a second"
    assert "| memory, supervisor, MiB | 51.2 | 78.2 | 79.5 | +53% |" in table
    assert "| handled a second | 10 | 10 | | 1.00 |" in table


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not IS_FULL, reason="a soak takes a minute: SMQ_FAULTS=full")
@pytest.mark.fault(
    row="a soak test: load, kills, and an open dashboard",
    part="workers",
    promise="memory use, descriptor count and throughput stay constant, and the WAL file stays below 64 MB; "
    "nothing is lost",
    how="SIGKILL to a random worker process every 5 s; two daemons with 4 processes each, at half of their "
    "maximum rate",
)
def test_a_soak_leaves_everything_as_it_was(tmp_path: Path, fault: Fault) -> None:
    figures = run_soak(tmp_path, Plan(SOAK_S, kill_every_s=KILL_EVERY_S))
    fault.struck(figures.killed)

    assert figures.faults() == [], figures.table()
    fault.ran()
