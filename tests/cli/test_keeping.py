"""`smq backup`, `prune`, `compact` and `doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from smq_core import Inspector, Queue
from smq_core.cli.main import run
from smq_core.testing import ManualClock

if TYPE_CHECKING:
    import pytest

    from tests.cli.conftest import Smq


def test_a_backup_is_a_queue_with_all_messages(smq: Smq, messages: Queue, tmp_path: Path) -> None:
    messages.enqueue("mail", "a")
    copy = tmp_path / "copy.sqlite3"
    assert smq("backup", str(copy)) == (0, f"{copy} holds all messages\n", "")
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

    assert smq("prune").out == "removed 1,203 finished messages, 1 message of the trash\n"
    assert smq("prune") == (0, "nothing was past its time\n", "")


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
