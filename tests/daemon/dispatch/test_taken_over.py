"""Messages that come again to a daemon that runs them: after a force, and after it stood still."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector
from tests.daemon.loading import hold_for, said
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core import Queue
    from tests.matrix import Fault

pytestmark = pytest.mark.slow

STANDS_S = 1.5
"""Longer than a lease of a second."""


def outputs(daemon: Daemon) -> list[str]:
    return [str(line["text"]) for line in daemon.lines if line["action"] == "output"]


@pytest.mark.fault(
    row="a running message requeued with `--force`",
    part="workers",
    promise="the older run is interrupted; the new run starts after it, its lease is extended, and only its "
    "outcome counts",
    how="`smq requeue --force` for a message whose handler is waiting, with leases of one second",
)
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_forced_message_runs_again_after_its_older_run_was_told_to_end(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault, processes: str
) -> None:
    code = """
        import threading
        def handle(message):
            print("begun", message.deliveries, flush=True)
            try:
                if message.deliveries == 1:
                    while True: threading.Event().wait(0.01)
                open("second").read()
            finally:
                print("ended", message.deliveries, flush=True)
    """
    os.mkfifo(tmp_path / "second")
    arguments = ("--handler", "t=handlers:handle", "--lease", "1s", "--processes", processes)
    queue.enqueue("t", 1)
    with Daemon(tmp_path, *arguments, code=code) as daemon:
        daemon.wait_for("output", "begun 1")
        with Inspector(path) as inspector:
            assert inspector.requeue([1], force=True).done == 1
            fault.struck()
            daemon.wait_for("handler_stopped")
            daemon.wait_for("output", "begun 2")
            hold_for(STANDS_S)
            assert inspector.get(1).deliveries == 2
        (tmp_path / "second").write_text("")
        daemon.wait_for("output", "ended 2")
        assert daemon.stop() == 0

    assert outputs(daemon) == ["begun 1", "ended 1", "begun 2", "ended 2"]
    assert queue.size("t") == 0
    fault.ran()


@pytest.mark.fault(
    row="a daemon suspended for longer than its leases",
    part="workers",
    promise="its handlers continue, no message is started again, and the outcomes are accepted",
    how="SIGSTOP to the supervisor or to the whole process group, and SIGCONT after the leases have expired",
)
@pytest.mark.parametrize("whole", [True, False], ids=["the whole daemon", "the supervisor"])
def test_a_daemon_that_stood_still_goes_on_with_what_it_ran(
    tmp_path: Path, queue: Queue, fault: Fault, *, whole: bool
) -> None:
    code = """
        def handle(message):
            print("begun", message.id, flush=True)
            if message.id == 1:
                open("first").read()
                print("ended", message.attempts, flush=True)
    """
    os.mkfifo(tmp_path / "first")
    send = os.killpg if whole else os.kill
    queue.enqueue("t", 1)
    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--lease", "1s", code=code) as daemon:
        daemon.wait_for("output", "begun 1")
        send(daemon.process.pid, signal.SIGSTOP)
        hold_for(STANDS_S)
        send(daemon.process.pid, signal.SIGCONT)
        fault.struck()
        # to lease it the daemon takes back whatever has ended
        queue.enqueue("t", 2)
        daemon.wait_for("output", "begun 2")
        (tmp_path / "first").write_text("")
        daemon.wait_for("output", "ended 1")
        assert daemon.stop() == 0

    assert outputs(daemon) == ["begun 1", "begun 2", "ended 1"]
    assert said(daemon, "lease_lost") == 0
    assert queue.size("t") == 0
    fault.ran()
