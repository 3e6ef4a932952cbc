"""Ctrl-C at any moment leaves no lock, no turn, nothing half-done; each is tried in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INTERRUPTED = "tests/faults/interrupted.py"


@pytest.mark.parametrize(
    "name",
    [
        "test_an_interrupt_at_any_line_leaves_no_lock_and_no_turn",
        "test_an_interrupt_while_waiting_for_the_turn_leaves_no_place_in_the_queue_behind",
        "test_an_interrupt_while_a_checkpoint_waits_for_the_turn_locks_nobody_out",
    ],
)
def test_an_interrupt_leaves_nothing_behind(name: str) -> None:
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{INTERRUPTED}::{name}")
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stdout
