"""Every guard is needed: without it, some test fails."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.guards.mutants import ROOT, all_mutants
from tests.guards.search import Found
from tests.guards.steps import STEPS
from tests.matrix import IS_FULL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

SAMPLE = 6
HOW = "removed in a copy of the project, one at a time (`python -m tests.guards`)"


def dropped(report: Path, *options: str) -> list[Found]:
    """Drop guards in a process of its own, and return what became of each."""
    command = [sys.executable, "-m", "tests.guards", "--report", str(report), *options]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert report.exists(), ran.stdout + ran.stderr
    return [Found(**one) for one in json.loads(report.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """Give what became of all guards, or of a few."""
    sample = () if IS_FULL else ("--sample", str(SAMPLE))
    return dropped(tmp_path_factory.mktemp("guards") / "report.json", *sample)


@pytest.mark.fault(
    row="a missing condition in a statement or a trigger; or a missing flush, write lock, escape of control "
    "characters or progress row of an import",
    part="guards",
    promise="a test of the behaviour that it protects fails",
    how=HOW,
)
def test_without_any_of_its_guards_a_test_fails(results: list[Found], fault: Fault) -> None:
    tried = [found for found in results if not found.is_for_speed]
    fault.ran(len(tried))
    fault.struck(sum(bool(found.test) for found in tried))

    assert [found.mutant for found in tried if not found.test] == []


@pytest.mark.fault(
    row="a missing condition that matters only for performance",
    part="guards",
    promise="a test of the query plan, or of the number of steps or rows, fails",
    how=HOW,
)
def test_a_condition_for_speed_is_missed_by_a_test_of_its_cost(
    results: list[Found], tmp_path: Path, fault: Fault
) -> None:
    tried = [found for found in results if found.is_for_speed]
    if not tried:
        tried = dropped(tmp_path / "report.json", "--only", "smq_count_status: (old.status")
    fault.ran(len(tried))
    fault.struck(sum(found.is_for_speed for found in tried))

    assert [found.mutant for found in tried if not found.is_for_speed] == []


def test_every_step_that_is_switched_off_is_in_the_code() -> None:
    texts = {step.name: (ROOT / step.file).read_text(encoding="utf-8") for step in STEPS}

    assert [step.name for step in STEPS if texts[step.name].count(step.code) != 1] == []


def test_every_file_of_sql_has_guards_that_are_dropped() -> None:
    """A folder that was moved must not leave its guards untried."""
    tried = {mutant.file for mutant in all_mutants()}
    expected = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "smq_core").rglob("*.sql")
        if re.search("-- name:|CREATE TRIGGER", file.read_text(encoding="utf-8"))
    }

    assert expected - tried == set()
    assert any("triggers" in file for file in expected)
