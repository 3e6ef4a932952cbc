"""The disk below SQLite fails at one call after the other of each verb, once or until it is mended.

The story: a read, a write, a flush, an opening comes back with an error. The caller is told in words, or the
call was done all the same; nothing is half-done, and when the disk is well again the next call works.
"""

from __future__ import annotations

import random
import sys
from itertools import product
from typing import TYPE_CHECKING

import pytest

from smq_core import StoreBusy, StoreCorrupt, StoreUnavailable
from smq_core.errors import SmqError
from smq_core.store import administration
from smq_core.store.sqlite.admin import tidy
from smq_core.store.sqlite.wal import checkpoints
from tests.faults.below.vfs import observed
from tests.faults.below.vfs_faults import FAILURES, Injector
from tests.faults.core_calls import CALLS, Call
from tests.faults.invariant import assert_sound
from tests.faults.striking import Blow, struck_places
from tests.matrix import IS_FULL, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the flush is another call"),
    # an error that SQLite passes over on purpose, the driver reports all the same
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HOUSEKEEPING = {
    "compact": Call(
        CALLS["prune"].prepare,
        lambda desk: administration(desk.location).compact(),
        may_be_repeated=True,
        is_warm=False,
    ),
    "repair": Call(
        CALLS["requeue, late"].prepare,
        lambda desk: administration(desk.location).repair(desk.clock.now_ms()),
        may_be_repeated=True,
        is_warm=False,
    ),
}
"""What others do not strike, since it takes long."""
TOLD = (StoreUnavailable, StoreBusy, StoreCorrupt)
ROWS = (
    pytest.param(
        ("read", "size"),
        id="read",
        marks=pytest.mark.fault(
            row="a failed read",
            part="below SQLite",
            promise="success or a clear error; nothing is left half-done; everything works again once the "
            "disk recovers",
            how="the n-th read or file-size query in each operation returns EIO, once or until the fault is "
            "cleared (VFS)",
        ),
    ),
    pytest.param(
        ("write",),
        id="write",
        marks=pytest.mark.fault(
            row="a failed write",
            part="below SQLite",
            promise="success or a clear error; nothing is left half-done; everything works again once the "
            "disk recovers",
            how="the n-th write in each operation returns EIO, once or until the fault is cleared (VFS)",
        ),
    ),
    pytest.param(
        ("disk full", "short write"),
        id="full",
        marks=pytest.mark.fault(
            row="a disk that is full, or becomes full in the middle of a write",
            part="below SQLite",
            promise="success or a clear error; nothing is left half-done; everything works again once "
            "there is space",
            how="the n-th write in each operation returns ENOSPC, before anything or after half of the data "
            "is written (VFS)",
        ),
    ),
    pytest.param(
        ("sync",),
        id="sync",
        marks=pytest.mark.fault(
            row="a failed flush",
            part="below SQLite",
            promise="an error tells the caller that the write might not be durable; later messages are "
            "durable",
            how="the n-th fsync by SQLite, or fdatasync by smq, in each operation returns EIO (VFS)",
        ),
    ),
    pytest.param(
        ("open", "lock", "truncate", "delete"),
        id="open",
        marks=pytest.mark.fault(
            row="a file that cannot be opened, locked, truncated or deleted",
            part="below SQLite",
            promise="success or a clear error; nothing is left half-done; everything works again once "
            "the fault is cleared",
            how="the n-th open, lock, truncate or unlink in each operation fails (VFS; EMFILE for smq's own "
            "descriptor)",
        ),
    ),
)


@pytest.fixture
def injector() -> Iterator[Injector]:
    made = Injector()
    with observed(made):
        yield made


@pytest.mark.parametrize("failures", ROWS)
def test_a_verb_that_the_disk_fails_is_told_or_done_and_the_next_one_works(
    tmp_path: Path,
    injector: Injector,
    fault: Fault,
    failures: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, call in HOUSEKEEPING.items():
        monkeypatch.setitem(CALLS, name, call)
    for name, failure, stays in chosen(failures):
        # with and without a checkpoint at the end of each write, and the rest of it
        pages = 1 if stays == (len(name) % 2 == 0) else 1_000
        monkeypatch.setattr(checkpoints, "CHECKPOINT_PAGES", pages)
        monkeypatch.setattr(checkpoints, "RESTART_PAGES", pages)
        monkeypatch.setattr(tidy, "TRUNCATE_BYTES", pages - 1)
        folder = tmp_path / f"{name}, {failure}, {stays}" / "queue"
        folder.mkdir(parents=True)
        for _ in struck(name, folder, injector, failure, stays=stays):
            fault.struck()
            fault.ran()


def chosen(failures: tuple[str, ...]) -> Iterator[tuple[str, str, bool]]:
    """Return what is to fail in which call, once or until cleared: all of it, or for each call something."""
    if IS_FULL:
        yield from product(CALLS, failures, (False, True))
        return
    chance = random.Random(str(failures))  # noqa: S311 - a run repeats itself
    for name in CALLS:
        yield name, chance.choice(failures), chance.random() < 0.5


def struck(name: str, folder: Path, injector: Injector, failure: str, *, stays: bool) -> Iterator[int]:
    """Strike a call at every place, or at some that a seed chooses."""
    chance = random.Random(folder.parent.name)  # noqa: S311 - a run repeats itself
    first, stride = (1, 1) if IS_FULL else (chance.randint(1, 4), scaled(7, 1))

    def strike(place: int, work: Callable[[], object]) -> Blow:
        is_told = False
        with injector.armed(FAILURES[failure], place, stays=stays):
            try:
                work()
            except TOLD:
                is_told = True
            except SmqError as error:
                assert "rejects cannot be written" in str(error)  # noqa: PT017 - the only other one
                is_told = True
        if injector.struck:
            assert_sound(folder / "queue.sqlite3")
        return Blow(injector.struck > 0, is_told)

    return struck_places(name, folder, strike, first=first, stride=stride)
