"""A large file is dropped while another is being written, and the daemon killed again and again meanwhile."""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from tests.daemon.running import Daemon
from tests.matrix import scaled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow


@pytest.mark.fault(
    row="a daemon killed while it imports a file from its inbox",
    part="workers",
    promise="each line is imported exactly once; a file that is still being written is left alone until it "
    "is complete",
    how="SIGKILL to the process group at random moments during the import of 150,000 lines; then a restart",
)
def test_each_line_of_a_dropped_file_is_in_once_however_often_the_daemon_is_killed(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault
) -> None:
    lines, kills = scaled(20_000, 150_000), scaled(3, 15)
    chance = random.Random(7)  # noqa: S311 - a run repeats itself
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    queue.size("default")
    with (inbox / "slow.jsonl").open("w") as slow:
        slow.write('"slow"')
        slow.flush()
        (tmp_path / "large").write_text("".join(f"{n}\n" for n in range(lines)))
        (tmp_path / "large").rename(inbox / "large.jsonl")
        moments = sorted(chance.randrange(lines) for _ in range(kills))
        for moment in moments:
            with Daemon(tmp_path, "--inbox", "inbox") as daemon:
                while queue.size("default") <= moment:
                    pass
                os.killpg(daemon.process.pid, signal.SIGKILL)
                daemon.end()
            fault.struck()
        with Daemon(tmp_path, "--inbox", "inbox") as daemon:
            daemon.wait_for("inbox_taken", "large.jsonl")
            assert (inbox / "slow.jsonl").exists()
            slow.write("\n")
            slow.close()
            daemon.wait_for("inbox_taken", "slow.jsonl: 1 message added")
            assert daemon.stop() == 0

    with Inspector(path) as inspector:
        found = inspector.browse("default", limit=lines + 10)
    assert sorted(one.payload for one in found if isinstance(one.payload, int)) == list(range(lines))
    assert [one.payload for one in found if not isinstance(one.payload, int)] == ["slow"]
    fault.ran(kills)
