"""Runs cases in interleaved rounds, each in a fresh process on a fresh folder, and keeps their figures."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.native import CACHE
from benchmarks.slow_flush import slowed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.case import Case

__all__ = ["Figures", "drop_seeds", "measure", "run_case", "surroundings"]

ROOT = CACHE.parents[1]
SEEDS = CACHE / "seeds"
TIMEOUT_S = 1_800


@dataclass
class Figures:
    """What one case gave in all rounds."""

    values: list[float] = field(default_factory=list)
    """Messages a second."""
    problem: str = ""
    """Why there are none."""
    said: Mapping[str, object] = field(default_factory=dict)
    """What else the last round told: journal, synchronous, bytes a message."""

    @property
    def median(self) -> float:
        """The middle one; 0 when there is none."""
        return statistics.median(self.values) if self.values else 0.0

    def __str__(self) -> str:
        """Write the median with least and most."""
        if not self.values:
            return "-"
        return f"{self.median:,.0f} ({min(self.values):,.0f} to {max(self.values):,.0f})"


def measure(
    cases: Sequence[Case],
    rounds: int,
    told: Callable[[str], None],
    pythons: Mapping[str, Path] | None = None,
) -> dict[Case, Figures]:
    """Run all cases once, then all again, so that what disturbs the machine disturbs all of them.

    `pythons` has the Python of each contender that needs another one than ours.
    """
    figures = {case: Figures() for case in cases}
    for number in range(1, rounds + 1):
        told(f"round {number} of {rounds}")
        for case, into in figures.items():
            if into.problem:
                continue
            result = run_case(case, (pythons or {}).get(case.contender, sys.executable))
            if isinstance(value := result.get("per_second"), float):
                into.values.append(value)
                into.said = result
            else:
                into.problem = str(result.get("not_offered") or result.get("failed"))
    return figures


def run_case(case: Case, python: Path | str = sys.executable) -> Mapping[str, object]:
    """Prepare a case and run it with an environment's Python; what failed comes as its last line of error."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if case.seed:
        folder = str(SEEDS / case.seed)
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - a path as text is what processes are given
    else:
        folder = tempfile.mkdtemp(prefix="case-", dir=CACHE)
    try:
        return _process("prepare", case, python, folder) or _process("run", case, python, folder)
    finally:
        if not case.seed:
            shutil.rmtree(folder, ignore_errors=True)


def drop_seeds() -> None:
    """Remove the filled folders."""
    shutil.rmtree(SEEDS, ignore_errors=True)


def surroundings(**more: str) -> dict[str, str]:
    """Return the environment of a measured process."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}


def _process(step: str, case: Case, python: Path | str, folder: str) -> Mapping[str, object]:
    """Run one step of a case; preparing is never slowed down."""
    command = [str(python), "-m", "benchmarks.case", step, case.as_argument(), folder]
    more: dict[str, str] = {}
    if case.is_slow and step == "run":
        command, more = slowed(command)
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=surroundings(**more),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {TIMEOUT_S} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]}
    result: Mapping[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result
