"""The story: memory runs out in the middle of a call. Nothing is half-done, nothing is held."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import apsw
import pytest

from smq_core import Queue
from smq_core.store.sqlite.admin.checks import wrong_counters
from tests.faults.core_calls import CALLS, GROUPS
from tests.matrix import scaled

if TYPE_CHECKING:
    from tests.matrix import Fault

ROOT = Path(__file__).parents[3]
LIMIT_S = 600
WARM = {group: [name for name in names if CALLS[name].is_warm] for group, names in GROUPS.items()}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None,
    reason="this interpreter comes without _testcapi, which lets allocations fail",
)


class Place(NamedTuple):
    """Where a call was struck."""

    call: str
    number: int


def starved(folder: Path, stride: int, names: list[str]) -> int:
    """Let calls run out of memory at one place after the other; answer at how many.

    A library may die of it (the JSON codec does): then it is a process killed at that place.
    """
    struck, first = 0, 0
    while names:
        command = (sys.executable, "-m", "tests.faults.starved", str(folder), str(stride), str(first))
        ended = subprocess.run(
            (*command, *names), cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        places = _places(ended.stdout)
        struck += len(places)
        if ended.returncode == 0:
            # the last place of each call lies behind its end
            return struck - len(names)
        assert ended.returncode == -signal.SIGSEGV, ended.stderr
        assert_what_a_kill_leaves(folder / "queue.sqlite3")
        died = places[-1]
        struck -= names.index(died.call)
        names, first = names[names.index(died.call) :], died.number + stride
    return struck


def _places(printed: str) -> list[Place]:
    places: list[Place] = []
    call = ""
    for line in printed.splitlines():
        if line.isdecimal():
            places.append(Place(call, int(line)))
        else:
            call = line
    return places


def assert_what_a_kill_leaves(location: Path) -> None:
    with Queue(location, timeout=0.2) as queue:
        before = queue.size("next")
        queue.enqueue("next", "hello")
        assert queue.size("next") == before + 1
    with closing(apsw.Connection(str(location))) as db:
        assert db.pragma("integrity_check") == "ok"
        assert wrong_counters(db) == []


@pytest.mark.fault(
    row="out of memory inside a call to the core",
    part="interruption",
    promise="the call takes effect completely or not at all, no lock is left held, and the next call works",
    how="the n-th allocation fails, for every n, in each call to the core (_testcapi)",
)
@pytest.mark.parametrize("group", WARM)
def test_an_allocation_that_fails_leaves_nothing_half_done_or_held(
    tmp_path: Path, group: str, fault: Fault
) -> None:
    struck = starved(tmp_path, scaled(13, 1), WARM[group])
    fault.struck(struck)
    fault.ran(struck)
    assert struck > 30 * len(WARM[group]) // scaled(13, 1)


@pytest.mark.fault(
    row="out of memory inside a call to the core",
    part="interruption",
    promise="the call takes effect completely or not at all, no lock is left held, and the next call works",
    how="the n-th allocation fails, for every n, in each call to the core (_testcapi)",
)
def test_an_allocation_that_fails_while_the_queue_is_opened_leaves_nothing_half_done_or_held(
    tmp_path: Path, fault: Fault
) -> None:
    struck = starved(tmp_path, scaled(97, 2), ["the first call"])
    fault.struck(struck)
    fault.ran(struck)
    assert struck > 10
