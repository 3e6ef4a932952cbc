"""Workers, supervisors and whole daemons that are killed: others take over what they held.

The story: a queue's users mostly complain about messages that hang for ever after a crash, or run twice.
"""

from __future__ import annotations

import os
import select
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.daemon.liveness.workers_file import DaemonRecord, WorkersFile
from smq_core.daemon.liveness.workers_file_layout import SlotRange
from tests.daemon.running import Daemon
from tests.faults.invariant import assert_sound
from tests.matrix import scaled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow

COUNTING = """
    import os
    def handle(message):
        os.write(FD, b"%d\\n" % message.id)
    FD = os.open("handled", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
"""

ROUNDS = scaled(4, 12)
"""How many daemons are killed under load in each way."""


def handled(folder: Path) -> Counter[int]:
    path = folder / "handled"
    return Counter(int(line) for line in path.read_text().split()) if path.exists() else Counter()


@pytest.mark.fault(
    row="a worker process, a supervisor or a whole daemon killed under load",
    part="workers",
    promise="every message sent is processed, and none is left over",
    how="SIGKILL to one process or to the process group, while another daemon is running",
)
@pytest.mark.parametrize("victim", ["worker", "supervisor", "group"])
def test_nothing_is_lost_when_a_process_is_killed_under_load(
    tmp_path: Path, queue: Queue, victim: str, fault: Fault
) -> None:
    arguments = ("--handler", "t=handlers:handle", "--processes", "2")
    ids: list[int] = []
    with Daemon(tmp_path, *arguments, code=COUNTING) as survivor:
        survivor.wait_for("ready")
        for _ in range(ROUNDS):
            with Daemon(tmp_path, *arguments) as daemon:
                daemon.wait_for("ready")
                ids += queue.enqueue_many("t", [1] * 3000)
                if victim == "worker":
                    os.kill(daemon.workers()[0], signal.SIGKILL)
                    daemon.wait_for("worker_died")
                    assert daemon.stop() == 0
                elif victim == "supervisor":
                    daemon.process.kill()
                    survivor.wait_for("daemon_died")
                else:
                    os.killpg(daemon.process.pid, signal.SIGKILL)
                    survivor.wait_for("daemon_died")
        assert survivor.stop() == 0
    with Daemon(tmp_path, *arguments, "--burst") as last:
        assert last.end() == 0

    assert queue.size("t") == 0
    assert set(handled(tmp_path)) == set(ids)
    assert_sound(tmp_path / "queue.sqlite3")
    fault.struck(ROUNDS)
    fault.ran(ROUNDS)


@pytest.mark.fault(
    row="a daemon killed while no other daemon is running",
    part="workers",
    promise="the next daemon returns its messages, and counts an attempt for the one that had started",
    how="SIGKILL to the process group",
)
def test_a_daemon_that_died_alone_is_recovered_by_the_next(
    tmp_path: Path, queue: Queue, path: Path, fault: Fault
) -> None:
    code = """
        def handle(message):
            if message.attempts == 1:
                print("begun", flush=True)
                message.stopping.wait()
    """
    started = queue.enqueue("t", 1)
    with Inspector(path) as inspector:
        inspector.set_policy("t", keep=3600.0)
    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--threads", "1", code=code) as daemon:
        daemon.wait_for("output", "begun")
        os.killpg(daemon.process.pid, signal.SIGKILL)
        daemon.end()

    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--burst") as heir:
        heir.wait_for("daemon_died", "1 message that it held was returned")
        assert heir.end() == 0

    with Inspector(path) as inspector:
        message = inspector.get(started)
        assert (message.state, message.attempts) == ("done", 2)
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="a supervisor killed while its handlers are running",
    part="workers",
    promise="its worker processes are terminated with it",
    how="SIGKILL to the supervisor only",
)
def test_worker_processes_end_with_their_supervisor(tmp_path: Path, queue: Queue, fault: Fault) -> None:
    queue.enqueue("t", 1)
    with Daemon(
        tmp_path,
        "--handler",
        "t=handlers:h",
        code="def h(m):\n    print('begun', flush=True)\n    m.stopping.wait()",
    ) as daemon:
        daemon.wait_for("output", "begun")
        (worker,) = daemon.workers()
        ending = os.pidfd_open(worker)
        daemon.process.kill()
        daemon.end()
        has_ended, _, _ = select.select([ending], [], [], 10.0)
        os.close(ending)

    assert has_ended == [ending]
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="a database that another process keeps locked while a daemon is running",
    part="workers",
    promise="the daemon reports it once, continues when the lock is released, and loses nothing",
    how="another process holds a transaction open",
)
def test_a_locked_database_is_waited_for(tmp_path: Path, queue: Queue, fault: Fault) -> None:
    with Daemon(
        tmp_path, "--handler", "t=handlers:h", code="def h(m): print('done', m.payload, flush=True)"
    ) as daemon:
        daemon.wait_for("ready")
        queue.enqueue("t", 1)
        daemon.wait_for("output", "done 1")
        with queue.transaction():
            daemon.wait_for("database_unavailable", "held the database")
        daemon.wait_for("database_unavailable_over")
        queue.enqueue("t", 2)
        daemon.wait_for("output", "done 2")
        assert daemon.stop() == 0
    assert queue.size("t") == 0
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="a daemon that is stopped while the database is locked",
    part="workers",
    promise="the daemon reports the outcomes that it could not write; the next daemon returns those messages",
    how="SIGTERM while another process holds a transaction open",
)
def test_what_a_stopped_daemon_could_not_write_is_returned_by_the_next(
    tmp_path: Path, queue: Queue, fault: Fault
) -> None:
    code = """
        def handle(message):
            print("begun", flush=True)
            message.stopping.wait()
    """
    arguments = ("--handler", "t=handlers:handle", "--threads", "1")
    with Daemon(tmp_path, *arguments, code=code) as daemon:
        daemon.wait_for("ready")
        queue.enqueue("t", 1)
        daemon.wait_for("output", "begun")
        with queue.transaction():
            daemon.process.terminate()
            daemon.wait_for("outcomes_lost")
            assert daemon.end() == 1
    (tmp_path / "handlers.py").write_text("def handle(message): pass\n")
    with Daemon(tmp_path, *arguments, "--burst") as heir:
        heir.wait_for("daemon_died", "1 message that it held was returned")
        assert heir.end() == 0

    assert queue.size("t") == 0
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="a daemon killed while an --exec command is running",
    part="workers",
    promise="the command is killed before its message runs again",
    how="SIGKILL to the daemon and its worker process; the command waits forever",
)
def test_a_command_of_a_killed_daemon_ends_before_its_message_runs_again(
    tmp_path: Path, queue: Queue, fault: Fault
) -> None:
    started, forever = tmp_path / "started", tmp_path / "forever"
    os.mkfifo(started)
    os.mkfifo(forever)
    script = 'test "$SMQ_DELIVERIES" = 1 || exit 0; echo $$ > started; exec cat forever'
    arguments = ("--exec", f"t=sh -c '{script}'", "--threads", "1")
    queue.enqueue("t", 1)
    with Daemon(tmp_path, *arguments) as daemon:
        command = os.pidfd_open(int(started.read_text()))
        file = WorkersFile(str(tmp_path / "queue.sqlite3-workers"))
        record = DaemonRecord(file, 0)
        while not record.read_slots([SlotRange(1, 0, 1)])[0].command_group:
            pass  # the worker process notes it right after the start
        file.close()
        (worker,) = daemon.workers()
        os.kill(daemon.process.pid, signal.SIGSTOP)  # else it might see its worker process die first
        os.waitid(os.P_PID, daemon.process.pid, os.WSTOPPED)
        os.kill(worker, signal.SIGKILL)  # first, as it ends its command when it sees the daemon's end
        os.killpg(daemon.process.pid, signal.SIGKILL)
        daemon.end()
    assert select.select([command], [], [], 0)[0] == []

    with Daemon(tmp_path, *arguments, "--burst") as heir:
        assert heir.end() == 0

    assert select.select([command], [], [], 10.0)[0] == [command]
    os.close(command)
    assert queue.size("t") == 0
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="the -workers file truncated while a handler is running",
    part="workers",
    promise="the process that dies has already reported its outcome, no attempt is counted, and its "
    "replacement works",
    how="the file is truncated to zero bytes while a handler waits, so that SIGBUS kills its process when "
    "the handler finishes",
)
def test_a_process_that_lost_its_slots_charges_no_message(tmp_path: Path, queue: Queue, fault: Fault) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    os.mkfifo(begun)
    os.mkfifo(go)
    code = """
        def handle(message):
            with open("begun", "w") as begun:
                begun.write(f"{message.deliveries} {message.attempts}")
            with open("go"):
                pass
    """
    queue.enqueue_many("t", [1, 2])
    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--threads", "1", code=code) as daemon:
        assert begun.read_text() == "1 1"
        # stopped, or its beat would mend the file at once
        daemon.process.send_signal(signal.SIGSTOP)
        os.truncate(tmp_path / "queue.sqlite3-workers", 0)
        worker = os.pidfd_open(daemon.workers()[0])
        go.write_text("")
        assert select.select([worker], [], [], 10.0)[0] == [worker]
        os.close(worker)
        daemon.process.send_signal(signal.SIGCONT)
        assert "SIGBUS" in str(daemon.wait_for("worker_died")["text"])
        # it may have been handed over to the first process, which released it: a second delivery, uncharged
        assert begun.read_text() in {"1 1", "2 1"}
        go.write_text("")
        assert daemon.stop() == 0
    assert queue.size("t") == 0
    fault.struck()
    fault.ran()
