"""The library logs what is neither a result nor an error, and prints nothing where nobody listens."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from smq_core import Inspector, Queue
from smq_core.cli import output
from smq_core.cli.main import run
from smq_core.daemon.library_log import written_to
from smq_core.daemon.log import Journal
from smq_core.states import State
from smq_core.store.failed_message import FailedMessage, log_dead, of_record
from smq_core.store.sqlite.connection import writing
from smq_core.store.sqlite.wal.checkpoints import Checkpoints
from smq_core.testing import ManualClock


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Listen to the library as a program does that configured its logging."""
    caplog.set_level(logging.DEBUG, logger="smq_core")
    return caplog


def texts(heard: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged, all of it below the library's logger."""
    assert all(record.name.split(".")[0] == "smq_core" for record in heard.records)
    return [record.getMessage() for record in heard.records]


def dead(heard: pytest.LogCaptureFixture) -> list[FailedMessage]:
    """Return the dead messages that somebody is warned of."""
    warnings = (record for record in heard.records if record.levelno == logging.WARNING)
    return [message for record in warnings if (message := of_record(record)) is not None]


def test_a_created_queue_is_logged(tmp_path: Path, heard: pytest.LogCaptureFixture) -> None:
    with Queue(tmp_path / "q.sqlite3") as queue:
        queue.enqueue("mail", "hello")

    assert texts(heard) == [f"no queue existed at {queue.location}, so one was created"]


def test_expired_leases_that_are_taken_back_are_logged(
    queue: Queue, clock: ManualClock, heard: pytest.LogCaptureFixture
) -> None:
    queue.enqueue("mail", "hello")
    queue.dequeue("mail", visibility_timeout=1)
    assert texts(heard) == []
    clock.advance(2)
    queue.dequeue("mail")

    assert texts(heard) == ["a dequeue of mail returned expired leases"]


def test_a_message_that_cannot_be_decoded_is_logged(queue: Queue, heard: pytest.LogCaptureFixture) -> None:
    queue.size("mail")
    with queue.transaction() as transaction:
        transaction.execute("INSERT INTO smq_messages(topic, payload, kind) VALUES ('mail', '{', 'json')")

    assert queue.dequeue("mail") == []
    (said,) = texts(heard)
    assert said.startswith("message 1 of mail cannot be decoded and goes to the dead letters: ")


def test_a_message_whose_leases_expired_too_often_is_logged_as_dead(
    queue: Queue, clock: ManualClock, heard: pytest.LogCaptureFixture
) -> None:
    queue.enqueue("mail", "hello", max_attempts=1)
    queue.enqueue("mail", "another")
    queue.dequeue("mail", limit=2, visibility_timeout=1)
    clock.advance(2)
    queue.dequeue("mail")

    assert dead(heard) == [FailedMessage(1, "mail", 1, "lease expired", State.DEAD)]
    assert "message 1 of mail is dead after 1 attempt: lease expired" in texts(heard)


@pytest.mark.parametrize(
    ("columns", "values", "error"),
    [
        (
            "payload, kind",
            "CAST(x'ff' AS TEXT), 'text'",
            "its payload is not UTF-8: invalid start byte at byte 0",
        ),
        (
            "payload, kind, attempts",
            "'x', 'text', -5",
            "another program stored invalid values: its attempts",
        ),
    ],
)
def test_a_row_that_no_lease_can_carry_is_logged_as_dead(
    queue: Queue, heard: pytest.LogCaptureFixture, columns: str, values: str, error: str
) -> None:
    queue.size("mail")
    queue.close()
    with closing(apsw.Connection(queue.location)) as foreign:
        foreign.execute("PRAGMA ignore_check_constraints = ON")
        foreign.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        foreign.execute(f"INSERT INTO smq_messages(topic, {columns}) VALUES ('mail', {values})")  # noqa: S608 - ours
    heard.clear()

    assert queue.dequeue("mail") == []
    assert dead(heard) == [FailedMessage(1, "mail", 0, error, State.DEAD)]


def test_a_copy_of_the_wal_that_failed_is_logged(
    queue: Queue, heard: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.enqueue("mail", "hello")

    def fail(*_: object) -> None:
        raise apsw.IOError("disk I/O error")

    def always_due(self: Checkpoints, *_: object) -> int:
        self.is_due = True
        return apsw.SQLITE_OK

    monkeypatch.setattr(Checkpoints, "run", fail)
    monkeypatch.setattr(Checkpoints, "note", always_due)
    with Queue(queue.location) as other:
        other.enqueue("mail", "hello")

    assert any(
        text.startswith("the WAL file could not be checkpointed, and keeps growing: ")
        for text in texts(heard)
    )


def test_a_long_wait_for_others_is_logged_when_it_is_over(
    location: str, heard: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_LONG_WAIT_S", 0.0)
    with Queue(location) as holder, Queue(location) as waiting:
        waiting.size("mail")
        sender = threading.Thread(target=waiting.enqueue, args=("mail", "hello"))
        with holder.transaction() as transaction:
            transaction.enqueue("mail", "mine")
            sender.start()
            sender.join(0.05)
            assert texts(heard) == []
        sender.join()

    (said,) = texts(heard)
    assert said.startswith("a write waited ")
    assert said.endswith(f" s until other processes released {location}")


def test_another_database_in_its_place_is_logged(
    tmp_path: Path, queue: Queue, heard: pytest.LogCaptureFixture
) -> None:
    queue.enqueue("mail", "hello")
    for suffix in ("", "-wal", "-shm"):
        Path(queue.location + suffix).rename(tmp_path / f"away{suffix}")
    queue.enqueue("mail", "into another")

    assert (
        f"{queue.location} was moved or replaced while it was open: the file that is there now is used "
        "instead" in texts(heard)
    )


SILENT = """
    import os, sys
    from smq_core import Queue
    with Queue(sys.argv[1]) as queue:
        queue.enqueue("mail", 1)
        for suffix in ("", "-wal", "-shm"):
            os.rename(sys.argv[1] + suffix, sys.argv[1] + ".away" + suffix)
        queue.enqueue("mail", 2)
        with queue.transaction() as transaction:
            transaction.execute("INSERT INTO smq_messages(topic, payload, kind) VALUES ('bad', '{', 'json')")
        queue.dequeue("bad")
"""


def test_nothing_is_printed_where_nobody_configured_logging(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SILENT), str(tmp_path / "q.sqlite3")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("", "")


def test_the_command_line_prints_what_somebody_should_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("smq_core.somewhere")
    with output.library_heard():
        logger.info("nothing to look at")
        logger.warning("look at \x1b[31mthis")
    logger.warning("nobody runs a command any more")

    assert capsys.readouterr().err == "look at ␛[31mthis\n"


def test_what_is_logged_during_a_command_is_printed(
    location: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn(_: object) -> list[object]:
        logging.getLogger("smq_core.somewhere").warning("look at this")
        return []

    monkeypatch.setattr(Inspector, "topics", warn)
    assert run(["topics", "--db", location]) == 0

    assert "look at this\n" in capsys.readouterr().err


def test_a_daemon_writes_it_to_its_journal(capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(ManualClock(), stream=None)
    logger = logging.getLogger("smq_core.somewhere")
    with written_to(journal):
        logger.warning("look at %s", "this")
        logger.info("and not at this")
        logger.error("nor forget that")
        log_dead([FailedMessage(7, "mail", 2, "lease expired", State.DEAD)])
    logger.warning("it is over")

    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[2] for line in lines] == [
        "warning library: look at this",
        "error   library: nor forget that",
        "warning message_dead: dead after 2 attempts: lease expired id=7 topic=mail attempts=2",
    ]
