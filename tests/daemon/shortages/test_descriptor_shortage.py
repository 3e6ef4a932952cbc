"""A daemon that gets no descriptors any more goes on as well as it can, says so, and recovers by itself."""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core import Queue
    from tests.matrix import Fault

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the limit of a running process is changed by Linux alone"
)

LIMITS = resource.getrlimit(resource.RLIMIT_NOFILE)


def heartbeat(queue: Path) -> float:
    """Return when the daemon's row was last written."""
    with Inspector(queue, read_only=True) as inspector:
        (worker,) = inspector.workers()
        return worker.heartbeat_at


@pytest.mark.fault(
    row="a daemon that runs out of file descriptors",
    part="environment",
    promise="heartbeats continue, failed process starts are reported, and all messages are processed "
    "afterwards",
    how="RLIMIT_NOFILE of a running daemon is set below its number of open files, and a worker process is "
    "killed",
)
@pytest.mark.slow
def test_a_daemon_without_descriptors_beats_and_recovers(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault
) -> None:
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code="def handle(message): pass") as daemon:
        daemon.wait_for("ready")
        pid = daemon.process.pid
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (5, LIMITS[1]))
        os.kill(daemon.workers()[0], signal.SIGKILL)
        assert "Too many open files" in str(daemon.wait_for("worker_not_started")["text"])
        beat = heartbeat(path)
        while heartbeat(path) == beat:
            assert daemon.process.poll() is None

        resource.prlimit(pid, resource.RLIMIT_NOFILE, LIMITS)
        queue.enqueue("t", 1)
        daemon.wait_for("worker_not_started_over")
        while queue.size("t"):
            assert daemon.process.poll() is None
        assert daemon.stop() == 0
        assert not [line for line in daemon.lines if line["action"] == "raw"]
    fault.struck()
    fault.ran()
