"""The -shm, in which SQLite's connections keep their locks, cannot be locked, mapped, opened or made longer.

The story: the memory or the descriptors of the machine are used up. The caller is told in words, or the call
was done; when there is room again the next one works.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core import StoreBusy, StoreUnavailable
from tests.faults.below.vfs_shm import SHM_CALLS, ShmInjector
from tests.faults.core_calls import CALLS
from tests.faults.invariant import assert_sound
from tests.faults.striking import Blow, struck_places
from tests.matrix import scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the system's calls have other forms"
)


@pytest.mark.parametrize("call", SHM_CALLS)
@pytest.mark.fault(
    row="a -shm file that cannot be locked, mapped, opened or extended",
    part="below SQLite",
    promise="success or a clear error; nothing is left half-done; everything works again once the "
    "fault is cleared",
    how="the n-th fcntl, mmap, open or pwrite call on the -shm file fails (the system call is replaced)",
)
def test_a_verb_that_the_shm_fails_is_told_or_done_and_the_next_one_works(
    tmp_path: Path, fault: Fault, call: str
) -> None:
    injector = ShmInjector(call)
    with injector.installed():
        # the -shm is opened, mapped and made by a first call alone, which a lock is asked of by each
        for name in sorted(CALLS) if call == "fcntl" else ("the first call", "backup"):
            folder = tmp_path / name / "queue"
            folder.mkdir(parents=True)
            for _ in struck(name, folder, injector, stays=call != "fcntl"):
                fault.struck()
                fault.ran()


def struck(name: str, folder: Path, injector: ShmInjector, *, stays: bool) -> Iterator[int]:
    """Strike a call at every place, or at some that a seed chooses."""
    chance = random.Random(name)  # noqa: S311 - a run repeats itself
    stride = 1 if stays else scaled(9, 2)

    def strike(place: int, work: Callable[[], object]) -> Blow:
        is_told = False
        with injector.armed(place, stays=stays):
            try:
                work()
            except (StoreUnavailable, StoreBusy):
                is_told = True
        if injector.struck:
            assert_sound(folder / "queue.sqlite3")
        return Blow(injector.struck > 0, is_told)

    return struck_places(name, folder, strike, first=chance.randint(1, stride), stride=stride)
