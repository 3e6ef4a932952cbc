"""Producers and consumers that are killed, anywhere: what they were told holds, what they held comes back.

The story: the machine runs out of memory, and the kernel picks one process after the other.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.actors import Play
from tests.faults.invariant import assert_invariant
from tests.faults.killing import run_killed_at
from tests.faults.script import perform
from tests.matrix import scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.matrix import Fault

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

ROOT = Path(__file__).parents[3]
EFFECTS = 1_000
"""More than the script has."""


@pytest.mark.fault(
    row="producers and consumers killed at random",
    part="environment",
    promise="no message whose id was returned is lost, no acked message returns, and no process waits for a "
    "dead one",
    how="one of four processes under load receives SIGKILL after a random number of calls, and is then "
    "replaced",
)
def test_processes_killed_at_random_under_load(tmp_path: Path, location: str, fault: Fault) -> None:
    chance = random.Random(11)  # noqa: S311 - repeatable, no secret
    with Play(location, tmp_path) as play:
        roles: list[Callable[[], object]] = [play.producer, play.producer, play.consumer, play.consumer]
        actors = [(play.producer if place < 2 else play.consumer)() for place in range(len(roles))]
        for _ in range(scaled(8, 200)):
            place = chance.randrange(len(actors))
            assert actors[place].after(chance.randrange(1, 30))
            assert actors[place].kill()
            fault.struck()
            actors[place] = (play.producer if place < 2 else play.consumer)()
        for actor in actors:
            # who comes after the dead is served
            assert actor.after(3)
        play.end()

        verdict = assert_invariant(location, *play.logs)

    assert verdict.acknowledged > 10
    assert verdict.finished > 10
    fault.ran(fault.fired)


@pytest.mark.fault(
    row="a producer and consumer killed during a SQLite write",
    part="environment",
    promise="each call takes effect completely or not at all; every confirmed result is stored",
    how="a process that performs every operation receives SIGKILL before its n-th write, flush or "
    "truncation, for every n (short run: every fifth n; VFS)",
)
def test_killed_at_any_write(tmp_path: Path, template: Path, fault: Fault) -> None:
    location = tmp_path / "queue" / "queue.sqlite3"
    for effect in range(1, EFFECTS, scaled(5, 1)):
        renewed(tmp_path / "queue", template)
        is_killed = run_killed_at(effect, lambda: perform(location, tmp_path / "log"))
        assert_invariant(location, tmp_path / "log")
        fault.ran()
        if not is_killed:
            break
        fault.struck()
    assert fault.fired > 10


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
@pytest.mark.fault(
    row="a producer and consumer killed at a system call",
    part="environment",
    promise="each call takes effect completely or not at all; every confirmed result is stored",
    how="SIGKILL at the n-th pwrite64 or fdatasync call, including those that flush, of a program that "
    "performs every operation (strace)",
)
def test_killed_at_a_system_call(tmp_path: Path, template: Path, fault: Fault, call: str) -> None:
    for number in range(1, EFFECTS, scaled(20, 3) if call == "pwrite64" else scaled(4, 1)):
        folder = renewed(tmp_path / "queue", template)
        is_killed = run_under_strace(f"{call}:signal=KILL:when={number}", folder, tmp_path / "log")
        assert_invariant(folder / "queue.sqlite3", tmp_path / "log")
        fault.ran()
        if not is_killed:
            break
        fault.struck()
    assert fault.fired > 1


def renewed(folder: Path, template: Path) -> Path:
    """Return a folder with an empty queue, and without the log of the one before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(template, folder / "queue.sqlite3")
    (folder.parent / "log").unlink(missing_ok=True)
    return folder


def run_under_strace(injection: str, folder: Path, log: Path) -> bool:
    """Run the script as a program that dies at a system call; say whether it did."""
    call = injection.partition(":")[0]
    script = (sys.executable, "-m", "tests.faults.script", str(folder / "queue.sqlite3"), str(log))
    command = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={injection}")
    ended = subprocess.run((*command, *script), cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode in (0, -9, 137), ended.stderr
    return ended.returncode != 0
