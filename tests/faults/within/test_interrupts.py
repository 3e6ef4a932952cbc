"""Ctrl-C at any moment leaves no lock, no turn, nothing half-done; each call has a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.core_calls import GROUPS
from tests.faults.interrupted import WAITS
from tests.matrix import scaled

if TYPE_CHECKING:
    from tests.matrix import Fault

ROOT = Path(__file__).parents[3]
LIMIT_S = 300


def interrupted(folder: Path, stride: int, *names: str) -> int:
    """Interrupt calls at one place after the other; answer at how many."""
    inside = folder / "inside"
    inside.mkdir()
    command = (sys.executable, "-m", "tests.faults.interrupted", str(inside), str(stride), *names)
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout)


@pytest.mark.fault(
    row="Ctrl-C inside a call to the core",
    part="interruption",
    promise="the call takes effect completely or not at all, no lock is left held, and the next call works",
    how="SIGINT before each instruction of smq's code at which Python checks for signals, in each call to "
    "the core",
)
@pytest.mark.parametrize("group", GROUPS)
def test_an_interrupt_at_any_place_leaves_nothing_half_done_or_held(
    tmp_path: Path, group: str, fault: Fault
) -> None:
    struck = interrupted(tmp_path, scaled(13, 1), *GROUPS[group])
    fault.struck(struck)
    fault.ran(struck)
    assert struck > 10 * len(GROUPS[group]) // scaled(13, 1)


@pytest.mark.fault(
    row="Ctrl-C while waiting for the write lock",
    part="interruption",
    promise="no process is locked out afterwards",
    how="SIGINT at each point of a wait that times out, and of a checkpoint that waits for the write lock",
)
@pytest.mark.parametrize("name", WAITS)
def test_an_interrupt_while_waiting_for_the_turn_locks_nobody_out(
    tmp_path: Path, name: str, fault: Fault
) -> None:
    struck = interrupted(tmp_path, scaled(3, 1), name)
    fault.struck(struck)
    fault.ran(struck)
    assert struck > 20


def test_an_interrupt_while_the_wal_is_opened_leaves_no_descriptor(tmp_path: Path) -> None:
    assert interrupted(tmp_path, 1, "wal") > 3
