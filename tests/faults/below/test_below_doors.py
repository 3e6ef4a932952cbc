"""The disk fails, or the power does, while a queue is made or migrated.

The story: the caller is told in words, or it was done; what was there before is there, whole, whatever
happens; and whoever comes next finishes the work.
"""

from __future__ import annotations

import random
import sys
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import pytest

from smq_core import Queue, StoreBusy, StoreCorrupt, StoreUnavailable
from tests.faults.below.vfs import observed
from tests.faults.below.vfs_doors import NAME, SENT, Door, add_a_step, doors, go_through
from tests.faults.below.vfs_faults import FAILURES, Injector
from tests.faults.below.vfs_power import Disk, Image, lay
from tests.matrix import scaled

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.faults.below.vfs import Call
    from tests.matrix import Fault

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the flush is another call"),
    # an error that SQLite passes over on purpose, the driver reports all the same
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

DOORS = (
    "creation",
    "creation in an empty file",
    "the ancestor's file",
    "schema 1",
    "the ancestor's file in WAL",
    "an older schema",
)


@pytest.fixture
def door(request: pytest.FixtureRequest, template: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    found = doors(template)[request.param]
    add_a_step(monkeypatch)
    return found


@pytest.mark.fault(
    row="a disk that fails while a queue is being created or migrated",
    part="below SQLite",
    promise="success or a clear error; existing data stays intact; the next process that opens the queue "
    "completes the work",
    how="the n-th read, write, flush, open, lock, truncate or unlink fails, once or until the "
    "fault is cleared (VFS)",
)
@pytest.mark.parametrize("door", DOORS, indirect=True)
def test_a_door_that_the_disk_fails_is_told_or_done_and_the_next_one_finishes_it(
    tmp_path: Path, door: Door, fault: Fault
) -> None:
    for failure, stays in product(FAILURES, (False, True)):
        strike_everywhere(door, tmp_path / "queue", failure, fault, stays=stays)


def strike_everywhere(door: Door, folder: Path, failure: str, fault: Fault, *, stays: bool) -> None:
    """Let one call after the other fail, or some that a seed chooses, until the door is passed."""
    injector = Injector()
    chance = random.Random(f"{failure}{stays}")  # noqa: S311 - a run repeats itself
    place = chance.randint(1, scaled(8, 1))
    while True:
        door.renew(folder)
        with observed(injector), injector.armed(FAILURES[failure], place, stays=stays), told_in_words():
            go_through(folder / NAME)
        if not injector.struck:
            return
        assert not list(folder.glob("*.part")) or stays
        door.assert_good(folder, ([],))
        fault.struck()
        fault.ran()
        place += scaled(chance.randint(6, 20), 1)


def told_in_words() -> AbstractContextManager[None]:
    """Let nothing through but what a caller may be told."""
    return suppress(StoreUnavailable, StoreBusy, StoreCorrupt)


class Moment(NamedTuple):
    """What was found when the power failed."""

    image: Image
    is_doubtful: bool
    has_returned: bool
    """The message that is sent once the queue is there."""


@pytest.mark.fault(
    row="a power loss while a queue is being created or migrated and its first message is sent",
    part="below SQLite",
    promise="existing data and confirmed messages stay intact; the next process that opens the queue "
    "completes the work",
    how="the folder in every state that is possible after each write or sync: unsynced sectors and file "
    "names lost or kept (VFS)",
)
@pytest.mark.parametrize("durability", ["full", "normal"])
@pytest.mark.parametrize("door", DOORS, indirect=True)
def test_after_a_power_loss_in_a_door_the_next_one_finishes_it(
    tmp_path: Path, door: Door, fault: Fault, durability: str
) -> None:
    for seed in range(scaled(1, 8)):
        folder = tmp_path / str(seed)
        door.renew(folder)
        for number, moment in enumerate(go_through_until_dark(folder, seed, durability)):
            found = tmp_path / f"{seed}.{number}"
            lay(moment.image, found)
            is_certain = moment.has_returned and durability == "full"
            door.assert_good(found, ([SENT],) if is_certain else ([], [SENT]))
            fault.struck(int(moment.is_doubtful))
            fault.ran()


def go_through_until_dark(folder: Path, seed: int, durability: str) -> list[Moment]:
    """Make a queue and send a message; answer what was found each time when the power failed."""
    chance = random.Random(seed)  # noqa: S311 - a run repeats itself
    disk = Disk(folder)
    moments: list[Moment] = []
    returned: list[int] = []

    def observe(call: Call) -> None:
        if call.kind in {"open", "write", "sync", "sync folder", "truncate", "delete"} and (
            chance.random() < scaled(1, 4) / 8
        ):
            moments.append(Moment(disk.image(chance), disk.has_doubts, bool(returned)))
        disk(call)

    with observed(observe), Queue(folder / NAME, durability=durability) as queue:  # type: ignore[arg-type]  # one of two words
        returned.append(queue.enqueue("mail", SENT))
        moments.extend(Moment(disk.image(chance), disk.has_doubts, has_returned=True) for _ in range(8))
    moments.extend(Moment(disk.image(chance), disk.has_doubts, has_returned=True) for _ in range(8))
    return moments
