"""A disk that is full for a while: what was refused was said so, and all goes on without a restart.

The story: the logs of another program fill the disk over night, and somebody clears them in the morning.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue, StoreUnavailable
from tests.faults.actors import Play
from tests.faults.history import read
from tests.faults.invariant import assert_invariant
from tests.faults.recorded import Recorded
from tests.matrix import IS_FULL, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.actors import Progress
    from tests.matrix import Fault

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

LARGE = "." * 8_000

on_a_full_disk = pytest.mark.fault(
    row="a full disk (a mounted file system)",
    part="environment",
    promise="messages whose enqueue failed are not stored, or the error says that they might be; once there "
    "is space, everything continues without a restart",
    how="a 4 MB tmpfs is filled by another program's file and by messages; the file is removed later",
)


class FullDisk:
    """One user of a queue whose disk is filled and cleared."""

    def __init__(self, user: Recorded) -> None:
        """Begin with room."""
        self.user = user
        self._sent = 0

    def send(self, count: int) -> int:
        """Send so many large messages, whatever the answers; answers how many were refused."""
        before = self.user.troubles
        for _ in range(count):
            self._sent += 1
            self.user.enqueue(f"{self.user.log.who}.{self._sent} {LARGE}")
        return self.user.troubles - before

    def fill(self) -> int:
        """Send until nothing is taken any more; answers how many were refused."""
        refused = 0
        while refused < 5:
            refused += self.send(1)
        return refused

    def settle(self) -> None:
        """Take and finish what can be, whatever the answers."""
        for lease in self.user.dequeue(3):
            self.user.ack(lease)


def endure(user: Recorded, clear: Callable[[], object]) -> int:
    """Fill the disk, work on it, clear it; afterwards everything is taken again, by the same queue."""
    disk = FullDisk(user)
    assert disk.send(5) == 0
    refused = disk.fill()
    disk.settle()
    clear()
    assert disk.send(5) == 0
    before = user.troubles
    disk.settle()
    assert user.troubles == before
    return refused


@pytest.mark.fault(
    row="a full disk (simulated by a file-size limit)",
    part="environment",
    promise="messages whose enqueue failed are not stored, or the error says that they might be; once there "
    "is space, everything continues without a restart",
    how="RLIMIT_FSIZE of a process, beyond which the kernel refuses to write; lifted later",
)
def test_files_that_may_not_grow(tmp_path: Path, template: Path, fault: Fault) -> None:
    for number in range(scaled(3, 100)):
        location = shutil.copyfile(template, str(tmp_path / f"{number}.sqlite3"))
        with Play(location, tmp_path) as play:
            log = play.log(f"user{number}")
            play.act(partial(endure_limits, location, log, number)).join()

            assert_invariant(location, log)
        fault.struck(sum(event.outcome == "unknown" for event in read(log)))
        fault.ran()


def endure_limits(location: str, log: Path, number: int, _progress: Progress) -> None:
    """Limit how long any file may grow, in another place of a frame each time, and lift it again."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    with Recorded(location, log, f"user{number}") as user:
        limit = Path(location).stat().st_size + 100_000 + number * 4_321
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        endure(user, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard)))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder), check=True)  # noqa: S607 - wherever the system has it
    yield folder
    subprocess.run(("umount", "--lazy", folder), check=True)  # noqa: S607 - as above


@pytest.mark.skipif(not IS_FULL or os.geteuid() != 0, reason="mounts a file system: `make faults`, as root")
@on_a_full_disk
def test_a_disk_that_is_full(tmp_path: Path, small_disk: Path, fault: Fault) -> None:
    ballast = small_disk / "ballast"
    location = str(small_disk / "queue.sqlite3")
    for number in range(20):
        log = tmp_path / f"log{number}"
        ballast.write_bytes(b"." * (2_000_000 + number * 4_321))
        with Recorded(location, log, f"user{number}") as user:
            fault.struck(endure(user, ballast.unlink))
        assert_invariant(location, log)
        (tmp_path / "drained").unlink()
        fault.ran()
        forget(location)


@pytest.mark.skipif(not IS_FULL or os.geteuid() != 0, reason="mounts a file system: `make faults`, as root")
@on_a_full_disk
def test_a_queue_that_is_made_on_a_full_disk(small_disk: Path, fault: Fault) -> None:
    ballast, location = small_disk / "ballast", small_disk / "queue.sqlite3"
    with Queue(location) as queue:
        ballast.write_bytes(b"." * (4 * 1024 * 1024 - 8192))
        with pytest.raises(StoreUnavailable, match="free disk space"):
            queue.enqueue("work", "a")
        fault.struck()
        ballast.unlink()

        assert queue.enqueue("work", "a") == 1
    fault.ran()


def forget(location: str) -> None:
    """Remove a queue that nobody has open."""
    for suffix in ("", "-wal", "-shm"):
        Path(location + suffix).unlink(missing_ok=True)
