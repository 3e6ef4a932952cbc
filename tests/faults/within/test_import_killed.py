"""An import is killed at any of its effects on the disk and run again: each line and reject is in once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.faults.below.vfs_lines import assert_each_line_once, take, write_source
from tests.faults.killing import every_kill, run_killed_at
from tests.matrix import scaled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "in.jsonl")


@pytest.mark.fault(
    row="an import killed at any of its disk writes, and then run again",
    part="below SQLite",
    promise="each line is imported exactly once, and each rejected line is written exactly once",
    how="SIGKILL before the n-th write, flush, truncation or deletion, for every n (VFS)",
)
def test_killed_at_any_effect_and_run_again_it_takes_each_line_once(
    tmp_path: Path, source: Path, template: Path, fault: Fault
) -> None:
    folder = tmp_path / "queue"
    location = folder / "queue.sqlite3"

    def renew() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copyfile(template, location)

    for _ in every_kill(lambda: take(location, source), renew, stride=scaled(5, 1)):
        take(location, source)
        assert_each_line_once(location)
        fault.struck()
        fault.ran()
    assert fault.fired > 10


def test_killed_again_and_again_it_comes_to_its_end(tmp_path: Path, source: Path) -> None:
    location = tmp_path / "queue.sqlite3"
    kills = sum(run_killed_at(effect, lambda: take(location, source)) for effect in range(4, 40))
    take(location, source)
    assert_each_line_once(location)
    assert kills > 0
