"""A queue of schema 1 becomes one of this smq's: nothing of it is lost, and a copy of it is kept."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core import Inspector, Lease, Queue, StoreUnavailable
from smq_core.cli.main import run
from smq_core.message import Receipt
from smq_core.store.sqlite.admin import doctor
from smq_core.store.sqlite.database import backup, migrate, open_database
from tests.faults.folder import contents
from tests.faults.invariant import assert_sound
from tests.sqlite.database.version_1_file import IDS, NOW_MS, RECEIPT, make_version_1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smq_core.testing import ManualClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "queue.sqlite3"
    make_version_1(path)
    return path


@pytest.fixture
def queue(path: Path, clock: ManualClock) -> Iterator[Queue]:
    with Queue(path, clock=clock) as opened:
        yield opened


@pytest.fixture
def inspector(queue: Queue, clock: ManualClock) -> Iterator[Inspector]:
    queue.size("mail")
    with Inspector(queue.location, clock=clock, actor="operator") as opened:
        yield opened


def ask(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def definitions(path: Path) -> dict[str, object]:
    with closing(apsw.Connection(str(path))) as connection:
        return migrate.definitions(connection)


def test_the_file_is_of_schema_1(path: Path) -> None:
    """Else this module would prove nothing."""
    assert ask(path, "SELECT version FROM smq_schema") == [(1,)]
    assert definitions(path) == migrate.made_by(1)
    assert_sound(path)


def test_a_migrated_queue_is_defined_as_a_new_one_is(path: Path, tmp_path: Path) -> None:
    migrate.upgrade(str(path), NOW_MS)
    new = tmp_path / "new.sqlite3"
    open_database.prepare(str(new), may_create=True, may_write=True, now_ms=NOW_MS)

    assert definitions(path) == definitions(new)
    assert ask(path, "SELECT version FROM smq_schema") == [(migrate.newest_version(),)]
    assert_sound(path)
    findings = {one.severity for one in doctor.examine(str(path), NOW_MS)}
    assert findings == {"ok"}


def test_every_message_keeps_its_state_and_its_payload(inspector: Inspector) -> None:
    found = {name: inspector.get(number) for name, number in IDS.items() if name != "acked"}

    assert {name: message.state for name, message in found.items()} == {
        "ready": "ready",
        "text": "ready",
        "bytes": "ready",
        "delayed": "delayed",
        "done": "done",
        "dead": "dead",
        "deleted": "deleted",
        "moved": "ready",
        "edited": "ready",
        "running": "processing",
        "auto": "ready",
    }
    assert found["ready"].payload == {"to": "ann"}
    assert (found["ready"].headers, found["ready"].key, found["ready"].priority) == (
        {"trace": "1"},
        "held",
        5,
    )
    assert found["bytes"].payload == b"\x00\xff"
    assert found["auto"].payload == {"by": "sql"}
    assert (found["dead"].last_error, found["dead"].attempts) == ("second", 2)
    assert [attempt.error for attempt in inspector.attempts(IDS["dead"])] == ["first\ntrace", "second"]


def test_every_row_of_every_table_stays(path: Path) -> None:
    tables = [str(name) for (name,) in ask(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
    before = {table: ask(path, f"SELECT * FROM {table}") for table in tables}  # noqa: S608 - our own names

    migrate.upgrade(str(path), NOW_MS)

    after = {table: ask(path, f"SELECT * FROM {table}") for table in tables}  # noqa: S608 - our own names
    assert after == before | {"smq_schema": [(migrate.newest_version(),)]}


def test_counters_policies_and_pauses_go_on(inspector: Inspector) -> None:
    mail, other = inspector.topic("mail"), inspector.topic("other")

    assert (mail.entered, mail.gone, mail.ready, mail.delayed, mail.deleted) == (7, 1, 4, 1, 1)
    assert (other.ready, other.paused) == (1, True)
    assert inspector.policy("kept").max_attempts == 3


def test_ids_go_on_where_they_were(queue: Queue) -> None:
    assert queue.enqueue("mail", "next") == max(IDS.values()) + 1
    assert queue.enqueue("mail", "again", key="held") == IDS["ready"]


def test_a_lease_that_was_taken_before_is_good_afterwards(queue: Queue, inspector: Inspector) -> None:
    queue.ack(Lease(inspector.get(IDS["running"]), Receipt(RECEIPT), 0.0))

    assert inspector.topic("run").processing == 0


@pytest.mark.parametrize(("name", "operation"), [("deleted", 2), ("moved", 3), ("edited", 4)])
def test_what_was_done_before_can_be_undone_afterwards(
    inspector: Inspector, name: str, operation: int
) -> None:
    outcome = inspector.undo(operation)

    assert outcome.done == 1
    message = inspector.get(IDS[name])
    assert (message.topic, message.state) == ("mail", "ready")


def test_a_copy_of_the_queue_as_it_was_is_kept_for_its_owner_only(path: Path) -> None:
    before = ask(path, "SELECT * FROM smq_messages")

    migrate.upgrade(str(path), NOW_MS)

    (kept,) = path.parent.glob("*.backup")
    assert kept.name == "queue.sqlite3.schema-1-20231114T221320Z.backup"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert definitions(kept) == migrate.made_by(1)
    assert ask(kept, "SELECT * FROM smq_messages") == before


def test_a_backup_that_is_there_is_never_written_over(path: Path) -> None:
    there = path.parent / "queue.sqlite3.schema-1-20231114T221320Z.backup"
    there.write_text("somebody's")

    migrate.upgrade(str(path), NOW_MS)

    assert there.read_text() == "somebody's"
    assert {kept.name for kept in path.parent.glob("*.backup*")} == {there.name, f"{there.name}-2"}


def test_a_link_in_the_place_of_the_backup_is_not_followed(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (path.parent / "queue.sqlite3.schema-1-20231114T221320Z.backup").symlink_to(victim)

    migrate.upgrade(str(path), NOW_MS)

    assert not victim.exists()


def test_what_cannot_be_backed_up_is_not_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> str:
        raise StoreUnavailable("no room")

    monkeypatch.setattr(backup, "beside", no_room)
    before = contents(path.parent)

    with pytest.raises(StoreUnavailable, match="no room"):
        migrate.upgrade(str(path), NOW_MS)

    assert contents(path.parent) == before


READING: dict[str, Callable[[Inspector], object]] = {
    "topics": lambda inspector: inspector.topics(),
    "browse": lambda inspector: inspector.browse(),
    "get": lambda inspector: inspector.get(IDS["dead"]),
    "attempts": lambda inspector: inspector.attempts(IDS["dead"]),
    "activity": lambda inspector: inspector.activity(),
    "workers": lambda inspector: inspector.workers(),
    "samples": lambda inspector: inspector.samples(10, 0.0),
}


@pytest.mark.parametrize("verb", sorted(READING))
def test_who_may_only_read_reads_the_older_schema_as_it_is(
    path: Path, tmp_path: Path, clock: ManualClock, verb: str
) -> None:
    with Inspector(path, read_only=True, clock=clock) as reader:
        found = READING[verb](reader)
    assert ask(path, "SELECT version FROM smq_schema") == [(1,)]
    assert not list(path.parent.glob("*.backup"))

    migrated = tmp_path / "migrated.sqlite3"
    make_version_1(migrated)
    migrate.upgrade(str(migrated), NOW_MS)
    with Inspector(migrated, read_only=True, clock=clock) as reader:
        assert READING[verb](reader) == found


def test_a_table_that_somebody_changed_is_not_exchanged(path: Path) -> None:
    ask(path, "ALTER TABLE smq_messages ADD COLUMN mine TEXT")
    before = contents(path.parent)

    with pytest.raises(StoreUnavailable, match="a change to the table smq_messages"):
        migrate.upgrade(str(path), NOW_MS)
    assert contents(path.parent) == before

    ask(path, "ALTER TABLE smq_messages DROP COLUMN mine")
    migrate.upgrade(str(path), NOW_MS)
    assert_sound(path)


def test_what_an_application_keeps_beside_the_queue_stays(path: Path) -> None:
    ask(path, "CREATE TABLE orders(id INTEGER PRIMARY KEY, note TEXT)")
    ask(path, "INSERT INTO orders VALUES (7, 'kept')")
    ask(path, "CREATE VIEW waiting AS SELECT id, payload FROM smq_messages WHERE status = 'ready'")
    ask(
        path,
        "CREATE TRIGGER noted AFTER INSERT ON smq_messages BEGIN"
        " INSERT INTO orders(note) VALUES (new.topic); END",
    )
    ask(path, "DROP TRIGGER smq_count_delete")

    migrate.upgrade(str(path), NOW_MS)
    ask(path, "INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'x')")

    assert ask(path, "SELECT * FROM orders") == [(7, "kept"), (8, "mail")]
    assert len(ask(path, "SELECT * FROM waiting")) == 7


ABSURD = 2**63 - 1


def test_an_absurd_id_of_an_older_queue_is_cured_on_the_way(path: Path, clock: ManualClock) -> None:
    """The older schema took any, after which no message could be added any more.

    More messages were counted than ids given, as a move counts twice.
    """
    for before, after in ((IDS["deleted"], ABSURD), (IDS["dead"], -5)):
        ask(path, "UPDATE smq_messages SET id = ? WHERE id = ?", after, before)
        ask(path, "UPDATE smq_undo SET message_id = ? WHERE message_id = ?", after, before)
        ask(path, "UPDATE smq_attempts SET message_id = ? WHERE message_id = ?", after, before)
    ask(path, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'smq_messages'", ABSURD)

    with Queue(path, clock=clock) as queue, Inspector(path, clock=clock) as inspector:
        assert queue.enqueue("mail", "next") == 16
        assert inspector.get(14).state == "dead"
        assert len(inspector.attempts(14)) == 2
        assert inspector.undo(2).done == 1
        assert inspector.get(15).state == "ready"
    assert_sound(path)


def test_of_two_at_once_one_migrates(path: Path) -> None:
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            with Queue(path) as queue:
                queue.enqueue("mail", "after")
        except BaseException as error:  # noqa: BLE001 - told by the test's thread
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(list(path.parent.glob("*.backup"))) == 1
    with Queue(path) as queue:
        assert queue.size("mail") == 5 + 4


@pytest.mark.parametrize(
    ("command", "is_writing"),
    [
        (["topics"], False),
        (["peek", "mail"], False),
        (["activity"], False),
        (["doctor"], False),
        (["send", "mail", "x"], True),
        (["pause", "mail"], True),
        (["init"], True),
        (["doctor", "--repair"], False),
    ],
)
def test_a_command_works_on_an_older_queue_and_migrates_it_if_it_writes(
    path: Path, capsys: pytest.CaptureFixture[str], command: list[str], *, is_writing: bool
) -> None:
    assert run([command[0], "--db", str(path), *command[1:]]) == 0, capsys.readouterr().err

    is_migrated = ask(path, "SELECT version FROM smq_schema") == [(migrate.newest_version(),)]
    assert is_migrated == is_writing
