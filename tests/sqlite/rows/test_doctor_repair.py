from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_core.errors import NotAQueue, StoreUnavailable
from smq_core.store.sqlite.admin import compact, repair
from smq_core.store.sqlite.database import identify, open_database
from smq_core.store.sqlite.database.identify import DatabaseKind
from smq_core.store.sqlite.queue.lease import HORIZON_MS
from tests.faults.folder import contents
from tests.sqlite.database.queue_file import NOW_MS, ask, finding, lease, send

if TYPE_CHECKING:
    from tests.matrix import Fault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "q.sqlite3"
    open_database.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)
    return path


@pytest.mark.fault(
    row="counters that differ from the actual counts",
    part="damage",
    promise="doctor names the topics; --repair makes a backup, then recounts",
    how="counters changed with SQL; rows removed or replaced without firing the triggers",
)
@pytest.mark.parametrize("sent", [0, 1])
def test_what_keeps_messages_from_being_counted_is_taken_away(path: Path, fault: Fault, sent: int) -> None:
    """Also before it has done any harm."""
    ask(path, "INSERT INTO smq_counted(id) VALUES (1)")
    for _ in range(sent):
        send(path)
    assert finding(path, "counters").severity == "error"

    repair.repair(str(path), NOW_MS)
    send(path)

    assert finding(path, "counters").severity == "ok"
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="counters that differ from the actual counts",
    part="damage",
    promise="doctor names the topics; --repair makes a backup, then recounts",
    how="counters changed with SQL; rows removed or replaced without firing the triggers",
)
@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM smq_topics",
        "INSERT INTO smq_topics(topic, entered) VALUES ('ghost', 2)",
        *[
            f"UPDATE smq_topics SET {name} = 7"  # noqa: S608 -- columns of ours
            for name in ("entered", "gone", "delayed", "dead", "done", "deleted")
        ],
    ],
)
def test_every_way_of_being_wrong_is_found_and_repaired(path: Path, damage: str, fault: Fault) -> None:
    send(path)
    send(path, ", status", ", 'dead'")
    ask(path, damage)
    assert finding(path, "counters").severity == "error"

    words = repair.repair(str(path), NOW_MS)

    assert "topics recounted: 1" in words
    assert finding(path, "counters").severity == "ok"
    assert ask(path, "SELECT entered - gone, dead FROM smq_topics WHERE topic = 'mail'") == [(2, 1)]
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="counters that differ from the actual counts",
    part="damage",
    promise="doctor names the topics; --repair makes a backup, then recounts",
    how="counters changed with SQL; rows removed or replaced without firing the triggers",
)
@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE"])
def test_what_a_replacement_by_hand_left_miscounted_is_repaired(path: Path, verb: str, fault: Fault) -> None:
    """SQLite runs no trigger for the row that it replaces."""
    for _ in range(2):
        ask(path, f"{verb} INTO smq_messages(topic, payload, dedup_key) VALUES ('mail', 'x', 'k')")
    assert finding(path, "counters").severity == "error"

    repair.repair(str(path), NOW_MS)

    assert finding(path, "counters").severity == "ok"
    assert ask(path, "SELECT entered - gone FROM smq_topics WHERE topic = 'mail'") == [(1,)]
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="a clock that has jumped",
    part="damage",
    promise="doctor reports it; --repair makes a backup, then takes back leases with implausible end times",
    how="leases longer than the maximum, messages with creation times in the future",
)
def test_expired_and_absurd_leases_are_found_and_taken_back(path: Path, fault: Fault) -> None:
    lease(path, NOW_MS - 1)
    lease(path, NOW_MS + HORIZON_MS + 1)
    lease(path, NOW_MS + 60_000)
    lease(path, NOW_MS - 1, attempts=99)
    assert finding(path, "leases").severity == "notice"
    assert "because of a wrong clock: 1" in finding(path, "clock").sentence

    words = repair.repair(str(path), NOW_MS)

    assert "leases returned: 3" in words
    assert [row[0] for row in ask(path, "SELECT status FROM smq_messages ORDER BY id")] == [
        "ready",
        "ready",
        "processing",
        "dead",
    ]
    assert finding(path, "counters").severity == "ok"
    fault.struck()
    fault.ran()


def test_a_lease_that_a_dequeue_would_leave_alone_is_left_alone(path: Path) -> None:
    """A clock that was set back by less than an hour makes the longest lease no absurd one."""
    lease(path, NOW_MS + HORIZON_MS)
    send(path)
    ask(path, "UPDATE smq_topics SET dead = 3")
    assert finding(path, "clock").severity == "ok"

    assert "leases returned: 0" in repair.repair(str(path), NOW_MS)


def test_a_repair_keeps_a_copy_of_what_was_there(path: Path) -> None:
    send(path)
    ask(path, "UPDATE smq_topics SET dead = 3")

    kept = Path(re.sub(".* is kept in ", "", repair.repair(str(path), NOW_MS)[0]))

    assert ask(kept, "SELECT dead FROM smq_topics") == [(3,)]


def test_only_a_queue_is_repaired(tmp_path: Path) -> None:
    with pytest.raises(NotAQueue):
        repair.repair(str(tmp_path / "missing"), NOW_MS)


def test_compacting_gives_free_pages_back_and_keeps_the_messages(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smq_core.store.sqlite.admin.checks._MUCH_FREE", 1)
    ask(path, "INSERT INTO smq_messages(topic, payload) VALUES ('mail', hex(randomblob(500000)))")
    send(path)
    ask(path, "DELETE FROM smq_messages WHERE id = 1")
    assert finding(path, "free pages").severity == "notice"

    before, after = compact.compact(str(path))

    assert (before > 1_000_000, after < 500_000, path.stat().st_size) == (True, True, after)
    assert ask(path, "SELECT id, payload FROM smq_messages") == [(2, "x")]
    assert ask(path, "PRAGMA auto_vacuum") == [(2,)]
    assert identify.look(str(path)).kind is DatabaseKind.QUEUE


def test_compacting_asks_for_room_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk's answer is replaced: no test can fill the disk."""
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("Usage", (), {"free": 10}))
    before = contents(path.parent)

    with pytest.raises(StoreUnavailable, match="where 10 are free"):
        compact.compact(str(path))

    assert contents(path.parent) == before


def test_where_nothing_is_wrong_nothing_is_copied(path: Path) -> None:
    lease(path, NOW_MS + 60_000)
    before = contents(path.parent)

    assert repair.repair(str(path), NOW_MS) == ["nothing needed repair"]
    assert contents(path.parent) == before


ABSURD = 2**63 - 1


@pytest.fixture
def with_history(path: Path) -> Path:
    """Give a queue with a dead letter, its history, and an id that was given and is gone."""
    for _ in range(3):
        send(path)
    send(path, ", status", ", 'dead'")
    ask(path, "DELETE FROM smq_messages WHERE id = 3")
    ask(
        path,
        "INSERT INTO smq_attempts(message_id, attempt, failed_at, outcome, error)"
        " VALUES (4, 1, 1, 'bury', 'why')",
    )
    for message_id in (1, 4):
        ask(
            path,
            "INSERT INTO smq_undo(operation, message_id, status, status_after, deliveries, topic, kind,"  # noqa: S608 - a number
            f" priority, available_at, attempts)"
            f" VALUES (1, {message_id}, 'ready', 'dead', 0, 'mail', 'text', 0, 1, 0)",
        )
    ask(path, f"INSERT INTO smq_operations(id, at, actor, action) VALUES ({2**50}, 1, 'ann', 'bury')")  # noqa: S608 - a number
    return path


def set_id(path: Path, before: int, after: int) -> None:
    """Give a message an id behind the schema's back, as the schema before this one let anybody do."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for table, column in (
            ("smq_messages", "id"),
            ("smq_attempts", "message_id"),
            ("smq_undo", "message_id"),
        ):
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (after, before))  # noqa: S608 - our own names


@pytest.mark.fault(
    row="an out-of-range id",
    part="damage",
    promise="doctor finds it; --repair gives the message and its history another id; nothing is lost",
    how="ids set to SQLite's minimum and maximum, and to values around smq's limits",
)
@pytest.mark.parametrize("absurd", [2**52 + 1, 2**53, 2**53 + 1, ABSURD, 0, -1, -(2**63)])
def test_a_message_with_an_absurd_id_is_found_and_gets_another(
    with_history: Path, absurd: int, fault: Fault
) -> None:
    path = with_history
    set_id(path, 4, absurd)
    if absurd > 0:
        ask(path, f"UPDATE sqlite_sequence SET seq = {absurd} WHERE name = 'smq_messages'")  # noqa: S608 - a number
    assert finding(path, "ids").severity in {"warning", "error"}

    assert "messages given another id: 1" in repair.repair(str(path), NOW_MS)
    send(path)

    assert [row[0] for row in ask(path, "SELECT id FROM smq_messages ORDER BY id")] == [1, 2, 5, 6]
    assert ask(path, "SELECT status FROM smq_messages WHERE id = 5") == [("dead",)]
    assert ask(path, "SELECT message_id, error FROM smq_attempts") == [(5, "why")]
    assert ask(path, "SELECT message_id FROM smq_undo ORDER BY 1") == [(1,), (5,)]
    assert ask(path, "SELECT seq FROM sqlite_sequence WHERE name = 'smq_operations'") == [(2**50,)]
    assert finding(path, "ids").severity == "ok"
    assert finding(path, "integrity").severity == "ok"
    assert finding(path, "counters").severity == "ok"
    fault.struck()
    fault.ran()


@pytest.mark.parametrize(("last", "severity"), [(2**52, "ok"), (2**52 + 1, "warning"), (2**53, "error")])
def test_ids_that_end_soon_are_told_also_when_nobody_has_one(path: Path, last: int, severity: str) -> None:
    ask(path, "INSERT INTO smq_operations(at, actor, action) VALUES (1, 'ann', 'bury')")
    send(path)
    ask(path, f"UPDATE sqlite_sequence SET seq = {last} WHERE name = 'smq_messages'")  # noqa: S608 - a number

    assert finding(path, "ids").severity == severity
    repair.repair(str(path), NOW_MS)
    assert finding(path, "ids").severity == "ok"


def test_the_ids_of_other_tables_are_none_of_the_messages_concern(path: Path) -> None:
    ask(
        path,
        "INSERT INTO smq_operations(id, at, actor, action) VALUES (9223372036854775806, 1, 'ann', 'bury')",
    )
    ask(path, "CREATE TABLE aaa(id INTEGER PRIMARY KEY AUTOINCREMENT)")
    ask(path, f"INSERT INTO aaa VALUES ({ABSURD})")  # noqa: S608 - a number
    send(path)

    assert finding(path, "ids").severity == "ok"
    assert repair.repair(str(path), NOW_MS) == ["nothing needed repair"]


@pytest.mark.parametrize("last", [2**53, ABSURD])
def test_ids_that_are_used_up_are_told_as_that_and_cured(path: Path, last: int) -> None:
    """For a sequence that is at its end SQLite has the words of a full disk."""
    with Queue(path) as queue:
        queue.enqueue("mail", "first")
    ask(path, f"UPDATE sqlite_sequence SET seq = {last} WHERE name = 'smq_messages'")  # noqa: S608 - a number

    with Queue(path) as queue:
        for add in (
            lambda: queue.enqueue("mail", "x"),
            lambda: queue.enqueue("mail", "x", key="k"),
            lambda: queue.enqueue_many("mail", ["x"] * 60),
            lambda: enqueue_inside(queue),
        ):
            with pytest.raises(StoreUnavailable, match=r"no ids left for more messages.*smq doctor --repair"):
                add()
        assert queue.size("mail") == 1
    repair.repair(str(path), NOW_MS)

    with Queue(path) as queue:
        assert queue.enqueue("mail", "x") == 2


def enqueue_inside(queue: Queue) -> None:
    """Add a message in a transaction of the caller's."""
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "x")
