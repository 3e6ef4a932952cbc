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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.case import Case

__all__ = ["Figures", "measure", "run_case", "surroundings"]

ROOT = CACHE.parents[1]
TIMEOUT_S = 900


@dataclass
class Figures:
    """What one case gave in all rounds."""

    values: list[float] = field(default_factory=list)
    problem: str = ""
    """Why there are none."""

    @property
    def median(self) -> float:
        """The middle one; 0 when there is none."""
        return statistics.median(self.values) if self.values else 0.0

    def __str__(self) -> str:
        """Write the median with least and most."""
        if not self.values:
            return "-"
        return f"{self.median:,.0f} ({min(self.values):,.0f} to {max(self.values):,.0f})"


def surroundings(**more: str) -> dict[str, str]:
    """Answer the environment of a measured process."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}


def measure(cases: Sequence[Case], rounds: int, told: Callable[[str], None]) -> dict[Case, Figures]:
    """Run all cases once, then all again, so that what disturbs the machine disturbs all of them."""
    figures = {case: Figures() for case in cases}
    for number in range(1, rounds + 1):
        told(f"round {number} of {rounds}")
        for case, into in figures.items():
            if into.problem:
                continue
            result = run_case(case)
            if isinstance(value := result.get("per_second"), float):
                into.values.append(value)
            else:
                into.problem = str(result.get("not_offered") or result.get("failed"))
    return figures


def run_case(case: Case, python: Path | str = sys.executable) -> Mapping[str, object]:
    """Run one case with an environment's Python; what failed comes as its last line of error."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="case-", dir=CACHE)
    try:
        done = subprocess.run(
            [str(python), "-m", "benchmarks.case", case.as_argument(), folder],
            cwd=folder,
            env=surroundings(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
            return {"failed": lines[-1]}
        result: Mapping[str, object] = json.loads(done.stdout.splitlines()[-1])
        return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)
