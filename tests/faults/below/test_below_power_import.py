"""The power fails during an import, or right after what came first on a connection.

The story: a -wal is new, and so its name is not on the disk; SQLite sees to that with the first flush of its
own, which a call that writes nothing does not make.
"""

from __future__ import annotations

import random
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_core.store import open_store
from tests.faults.below.vfs import observed
from tests.faults.below.vfs_lines import assert_each_line_once, take, write_source
from tests.faults.below.vfs_power import Disk, Image, lay
from tests.matrix import scaled
from tests.unit.jsonl.jsonl_desk import take as take_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.below.vfs import Call
    from tests.matrix import Fault

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the flush is another call")

NAME = "queue.sqlite3"


@pytest.fixture
def folder(tmp_path: Path, template: Path) -> Path:
    made = tmp_path / "queue"
    made.mkdir()
    shutil.copyfile(template, made / NAME)
    return made


@pytest.mark.fault(
    row="a power loss during an import, which is then run again",
    part="below SQLite",
    promise="each line is imported exactly once, and each rejected line is written exactly once",
    how="the folder in every state that is possible after each write or sync: unsynced sectors and file "
    "names lost or kept (VFS)",
)
def test_after_a_power_loss_an_import_run_again_takes_each_line_once(
    tmp_path: Path, folder: Path, fault: Fault
) -> None:
    source = write_source(tmp_path / "in.jsonl")
    for number, (image, is_doubtful) in enumerate(take_until_dark(folder, source)):
        found = tmp_path / str(number)
        lay(image, found)
        take(found / NAME, source)
        assert_each_line_once(found / NAME)
        fault.struck(int(is_doubtful))
        fault.ran()


def take_until_dark(folder: Path, source: Path) -> list[tuple[Image, bool]]:
    """Import the lines; answer what was found each time when the power failed."""
    chance, disk = random.Random(0), Disk(folder)  # noqa: S311 - a run repeats itself
    found: list[tuple[Image, bool]] = []

    def observe(call: Call) -> None:
        if call.kind in {"write", "sync", "sync folder", "truncate", "delete"}:
            found.extend(
                (disk.image(chance), disk.has_doubts)
                for _ in range(2)
                if chance.random() < scaled(1, 20) / 20
            )
        disk(call)

    with observed(observe):
        take(folder / NAME, source)
    return found


def send_what_is_held(path: Path, go_dark: Callable[[], None]) -> None:
    """Be told, first of all, the id of a message whose sender does not wait for the disk."""
    with Queue(path, durability="normal") as hasty, Queue(path) as careful:
        assert hasty.enqueue("mail", "held", key="k") == careful.enqueue("mail", "again", key="k")
        go_dark()


def import_from_a_pipe(path: Path, go_dark: Callable[[], None]) -> None:
    """Take lines that come without a name, so that the end of them has nothing to write."""
    store = open_store(path)
    take_all(store, "-", stdin=b"1\n", topic="mail")
    go_dark()
    store.close()


@pytest.mark.parametrize("first", [send_what_is_held, import_from_a_pipe])
@pytest.mark.fault(
    row="a power loss after a first call that itself wrote nothing",
    part="below SQLite",
    promise="everything that the call confirmed is stored",
    how="the folder with only the file contents and names that were synced (VFS)",
)
def test_what_is_promised_by_a_first_call_that_writes_nothing_survives(
    tmp_path: Path, folder: Path, fault: Fault, first: Callable[[Path, Callable[[], None]], None]
) -> None:
    disk = Disk(folder)
    found = tmp_path / "found"

    def go_dark() -> None:
        fault.struck()
        lay(disk.least(), found)

    with observed(disk):
        first(folder / NAME, go_dark)
    with Queue(found / NAME) as queue:
        assert queue.size("mail") == 1
    fault.ran()
