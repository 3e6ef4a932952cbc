"""`smq backup`, `compact` and `doctor`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from smq_core import Queue
from smq_core.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

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
