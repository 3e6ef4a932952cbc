"""`smq backup`, `prune`, `compact` and `doctor`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.cli.main import run
from smq_core.daemon.liveness.liveness_locks import CAN_ASK
from smq_core.daemon.liveness.workers_file import WorkersFile
from smq_core.daemon.liveness.workers_file_layout import RecordHeader
from smq_core.daemon.system.process_identity import LARGEST_PID
from smq_core.testing import ManualClock

if TYPE_CHECKING:
    from tests.cli.conftest import Smq


def test_a_backup_is_a_queue_with_all_messages(smq: Smq, messages: Queue, tmp_path: Path) -> None:
    messages.enqueue("mail", "a")
    copy = tmp_path / "copy.sqlite3"
    assert smq("backup", str(copy)) == (0, f"{copy} contains all messages\n", "")
    with Queue(copy) as queue:
        assert queue.size("mail") == 1
    assert smq("backup", str(copy)).code == 1


def test_compacting_tells_sizes(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "x" * 1_000_000)
    messages.ack(messages.dequeue("mail")[0])
    messages.close()
    before, after = smq("compact").out.removesuffix(" now\n").split(" before, ")
    assert before != after


def test_doctor_finds_a_sound_queue_sound(smq: Smq) -> None:
    ran = smq("doctor")
    assert ran.code == 0
    assert all(line.startswith(("ok ", "note ", "        ")) for line in ran.out.splitlines())
    assert {finding["severity"] for finding in json.loads(smq("doctor", "--json").out)} <= {"ok", "notice"}


def test_doctor_repairs_counters(smq: Smq, messages: Queue) -> None:
    messages.enqueue("mail", "a")
    with messages.transaction() as transaction:
        transaction.execute("UPDATE smq_topics SET entered = 7")
    assert "counters" in smq("doctor").out
    assert smq("doctor", "--repair").code == 0
    [topic] = json.loads(smq("topics", "--json").out)
    assert topic["ready"] == 1


@pytest.mark.skipif(not CAN_ASK, reason="the system does not tell of a lock")
def test_doctor_takes_leases_from_a_daemon_whose_lock_has_ended_and_from_no_other(
    smq: Smq, messages: Queue, location: str
) -> None:
    """A process that nobody has here may run in another container, under the same name of a host."""
    stored = messages.enqueue("mail", "a")
    with Queue(location, worker="w1", visibility_timeout=3600) as consumer:
        consumer.dequeue("mail")
    with messages.transaction() as transaction:
        transaction.execute(
            "INSERT INTO smq_workers(id, host, pid, version, state, started_at, heartbeat_at)"
            " VALUES ('w1', ?, ?, '1', 'running', 1, 1)",
            (os.uname().nodename, LARGEST_PID),
        )
    daemon = WorkersFile(f"{location}-workers")
    daemon.claim().write(RecordHeader("w1", LARGEST_PID, "another system"))

    assert "has exited and" not in smq("doctor").out
    assert "nothing needed repair" in smq("doctor", "--repair").err
    daemon.close()

    assert "has exited and has been lost" in smq("doctor").out
    assert "leases returned: 1" in smq("doctor", "--repair").err
    assert json.loads(smq("show", str(stored), "--json").out)["state"] == "ready"


def test_doctor_says_what_is_no_queue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no database" * 100)
    assert run(["doctor", "--db", str(file)]) == 1
    assert "ERROR" in capsys.readouterr().out


def test_prune_says_what_was_past_its_time(smq: Smq, location: str) -> None:
    """It takes as many steps as there have to be; a second one finds nothing."""
    with Queue(location, clock=ManualClock()) as queue, Inspector(location, clock=ManualClock()) as inspector:
        inspector.set_policy("mail", keep=60)
        queue.enqueue_many("mail", ["x"] * 1_203)
        while leases := queue.dequeue("mail", limit=500):
            queue.ack_many(leases)
        inspector.delete([queue.enqueue("mail", "spam")])

    assert smq("prune").out == "removed 1,203 finished messages, 1 message from the trash\n"
    assert smq("prune") == (0, "nothing had expired\n", "")


def test_prune_tells_the_same_as_json(smq: Smq, location: str) -> None:
    with Inspector(location, clock=ManualClock()) as inspector, Queue(location, clock=ManualClock()) as queue:
        inspector.delete([queue.enqueue("mail", "spam")])

    assert json.loads(smq("prune", "--json").out) == {
        "done": 0,
        "deleted": 1,
        "operations": 0,
        "empty_topics": 0,
        "undo": 1,
        "dated": 0,
    }


def test_prune_makes_no_database(smq: Smq, location: str) -> None:
    Path(location).unlink()

    assert smq("prune").code == 1
    assert not Path(location).exists()
