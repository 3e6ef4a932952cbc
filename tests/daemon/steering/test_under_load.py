"""Stopping and changing a daemon while it is busy: nothing is lost, nothing charged, nothing done twice."""

from __future__ import annotations

import json
import signal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from tests.daemon.loading import NOTING, Feed, handled, hold_for
from tests.daemon.running import Daemon
from tests.matrix import IS_FULL, scaled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow

VERSIONED = """
import json, os, time
FD = os.open("runs", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def handle(message):
    os.write(FD, json.dumps([message.id, {version}, time.monotonic()]).encode() + b"\\n")
"""
LONGEST_GAP_S = 2.0


def runs_in(folder: Path) -> list[tuple[int, int, float]]:
    """Return what was handled: the message, by which version of the code, when."""
    path = folder / "runs"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


@pytest.mark.fault(
    row="SIGTERM or SIGINT while messages are being processed",
    part="workers",
    promise="the daemon exits with status 0; no message stays in the `processing` state or is processed "
    "twice, and no attempt is counted",
    how="the signal is sent to a daemon with two processes under load, and then to the next daemon",
)
def test_a_signal_under_load_leaves_nothing_behind(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault
) -> None:
    ids = queue.enqueue_many("t", [1] * scaled(8_000, 30_000))
    arguments = ("--handler", "t=handlers:handle", "--processes", "2", "--threads", "8")
    with Inspector(path) as inspector:
        for turn in range(scaled(2, 12)):
            before = len(handled(tmp_path))
            with Daemon(tmp_path, *arguments, code=NOTING) as daemon:
                daemon.wait_for("ready")
                while len(handled(tmp_path)) <= before:
                    pass
                daemon.process.send_signal(signal.SIGINT if turn % 2 else signal.SIGTERM)
                fault.struck()
                assert daemon.end() == 0
            stats = inspector.topic("t")
            assert (stats.processing, stats.dead) == (0, 0)
            assert {one.attempts for one in inspector.browse("t", "ready", limit=1000)} <= {0}
            fault.ran()
    with Daemon(tmp_path, *arguments, "--burst") as last:
        assert last.end() == 0

    assert handled(tmp_path) == dict.fromkeys(ids, 1)


@pytest.mark.fault(
    row="a code change under load",
    part="workers",
    promise="no message is lost or processed twice, and processing never stops",
    how="the handler file is rewritten every two seconds while a daemon runs with --reload",
)
def test_code_that_changes_under_load_loses_and_doubles_nothing(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault
) -> None:
    queue.size("t")
    handlers = tmp_path / "handlers.py"
    handlers.write_text(VERSIONED.format(version=0))
    versions = scaled(3, 15)
    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--processes", "2", "--reload") as daemon:
        daemon.wait_for("watching")
        feed = Feed(path)
        for version in range(1, versions + 1):
            # longer each time: Python tells old bytecode by second and size of its source alone
            handlers.write_text(VERSIONED.format(version=version) + "#" * version)
            daemon.wait_for("reloaded")
            fault.struck()
            while version not in {run[1] for run in runs_in(tmp_path)}:
                pass
            hold_for(scaled(0, 2))
        feed.end()
        while queue.size("t"):
            pass
        assert daemon.stop() == 0

    runs = runs_in(tmp_path)
    assert sorted(run[0] for run in runs) == feed.ids
    assert {run[1] for run in runs} >= {*range(1, versions + 1)}
    if IS_FULL:
        moments = sorted(run[2] for run in runs)
        assert max(after - before for before, after in pairwise(moments)) < LONGEST_GAP_S
    fault.ran()
