"""A folder that may not be written for a while: refused in words; all goes on afterwards, without a restart.

The story: a file system has an error and is mounted read-only by the kernel, until somebody mends it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, StoreUnavailable
from tests.faults.actors import Play
from tests.faults.history import read
from tests.faults.invariant import assert_invariant
from tests.faults.recorded import Recorded
from tests.matrix import IS_FULL, scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.actors import Progress
    from tests.matrix import Fault

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that belongs to somebody who is not root."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        made = Path(name) / "folder"
        made.mkdir()
        if os.geteuid() == 0:
            os.chown(made, NOBODY, NOBODY)
        yield made
        made.chmod(0o755)


@pytest.mark.fault(
    row="a folder that is read-only for a while",
    part="environment",
    promise="failed writes are reported; their messages are not stored, or the error says that they might "
    "be; afterwards everything continues without a restart",
    how="chmod 555, for an unprivileged user who repeatedly reopens the queue; then chmod 755",
)
def test_a_folder_that_is_read_only_for_a_while(tmp_path: Path, folder: Path, fault: Fault) -> None:
    location = str(folder / "queue.sqlite3")
    with Play(location, tmp_path) as play:
        log = play.log("user")
        user = play.act(partial(work_as_nobody, location, log))
        for _ in range(scaled(3, 60)):
            assert user.after(5)
            folder.chmod(0o555)
            assert user.after(5)
            folder.chmod(0o755)
            fault.ran()
        assert user.after(5)
        play.end()

        verdict = assert_invariant(location, log)
    fault.struck(sum(event.outcome == "unknown" for event in read(log)))
    assert verdict.finished > 5


def work_as_nobody(location: str, log: Path, progress: Progress) -> None:
    """Send, take and ack, and close the queue each time, without root's rights."""
    with Recorded(location, log, "user") as user:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        number = 0
        while progress.step():
            number += 1
            user.enqueue(f"m{number}")
            for lease in user.dequeue():
                user.ack(lease)
            user.queue.close()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """Give a folder that can be mounted again as read-only."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    mount("--bind", str(folder), str(folder))
    yield folder
    subprocess.run(("umount", "--lazy", folder), check=True)  # noqa: S607 - wherever the system has it


def mount(*arguments: str) -> None:
    """Mount something."""
    subprocess.run(("mount", *arguments), check=True)  # noqa: S607 - wherever the system has it


@pytest.mark.skipif(not IS_FULL or os.geteuid() != 0, reason="mounts a file system: `make faults`, as root")
@pytest.mark.fault(
    row="a file system that is read-only for a while",
    part="environment",
    promise="writers get an error, readers continue, and afterwards everything continues without a restart",
    how="a bind mount is remounted read-only, which also affects root, and later remounted with write access",
)
def test_a_file_system_that_is_read_only_for_a_while(tmp_path: Path, mounted: Path, fault: Fault) -> None:
    location, log = str(mounted / "queue.sqlite3"), tmp_path / "log"
    with Recorded(location, log, "user") as user:
        for number in range(20):
            user.enqueue(f"m{number}", f"n{number}")
            # no file may be open for writing, else the kernel refuses
            user.queue.close()
            mount("-o", "remount,bind,ro", str(mounted))
            with pytest.raises(StoreUnavailable):
                user.queue.enqueue("work", "refused")
            with Inspector(location, read_only=True) as inspector:
                assert inspector.topic("work").ready == number + 2
            fault.struck()
            mount("-o", "remount,bind,rw", str(mounted))
            assert user.ack(*user.dequeue())
            user.queue.close()
            fault.ran()

    assert assert_invariant(location, log).acknowledged == 40
