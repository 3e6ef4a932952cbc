from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import NotAQueue, StoreUnavailable
from smq_core.store.sqlite import compact, opening, recognise, repair
from smq_core.store.sqlite.leasing import HORIZON_MS
from smq_core.store.sqlite.recognise import Shape
from tests.faults.folder import contents
from tests.unit.queue_file import NOW_MS, ask, finding, lease, send

if TYPE_CHECKING:
    from tests.matrix import Fault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "q.sqlite3"
    opening.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)
    return path


@pytest.mark.fault(
    row="counters that drifted",
    part="damage",
    promise="doctor names the topics; --repair counts anew, after a backup",
    how="the counters changed by SQL, rows removed and replaced behind the triggers",
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
    row="counters that drifted",
    part="damage",
    promise="doctor names the topics; --repair counts anew, after a backup",
    how="the counters changed by SQL, rows removed and replaced behind the triggers",
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

    assert "topics counted anew: 1" in words
    assert finding(path, "counters").severity == "ok"
    assert ask(path, "SELECT entered - gone, dead FROM smq_topics WHERE topic = 'mail'") == [(2, 1)]
    fault.struck()
    fault.ran()


@pytest.mark.fault(
    row="counters that drifted",
    part="damage",
    promise="doctor names the topics; --repair counts anew, after a backup",
    how="the counters changed by SQL, rows removed and replaced behind the triggers",
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
    row="a clock that jumped",
    part="damage",
    promise="doctor tells it; --repair takes absurd leases back, after a backup",
    how="leases that end beyond any lease's length, messages from the future",
)
def test_expired_and_absurd_leases_are_found_and_taken_back(path: Path, fault: Fault) -> None:
    lease(path, NOW_MS - 1)
    lease(path, NOW_MS + HORIZON_MS + 1)
    lease(path, NOW_MS + 60_000)
    lease(path, NOW_MS - 1, attempts=99)
    assert finding(path, "leases").severity == "notice"
    assert "by a wrong clock: 1" in finding(path, "clock").sentence

    words = repair.repair(str(path), NOW_MS)

    assert "leases taken back: 3" in words
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

    assert "leases taken back: 0" in repair.repair(str(path), NOW_MS)


def test_a_repair_keeps_a_copy_of_what_was_there(path: Path) -> None:
    send(path)
    ask(path, "UPDATE smq_topics SET dead = 3")

    kept = Path(re.sub(".* lies in ", "", repair.repair(str(path), NOW_MS)[0]))

    assert ask(kept, "SELECT dead FROM smq_topics") == [(3,)]


def test_only_a_queue_is_repaired(tmp_path: Path) -> None:
    with pytest.raises(NotAQueue):
        repair.repair(str(tmp_path / "missing"), NOW_MS)


def test_compacting_gives_free_pages_back_and_keeps_the_messages(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smq_core.store.sqlite.examinations._MUCH_FREE", 1)
    ask(path, "INSERT INTO smq_messages(topic, payload) VALUES ('mail', hex(randomblob(500000)))")
    send(path)
    ask(path, "DELETE FROM smq_messages WHERE id = 1")
    assert finding(path, "free pages").severity == "notice"

    before, after = compact.compact(str(path))

    assert (before > 1_000_000, after < 500_000, path.stat().st_size) == (True, True, after)
    assert ask(path, "SELECT id, payload FROM smq_messages") == [(2, "x")]
    assert ask(path, "PRAGMA auto_vacuum") == [(2,)]
    assert recognise.look(str(path)).shape is Shape.QUEUE


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

    assert repair.repair(str(path), NOW_MS) == ["nothing had to be repaired"]
    assert contents(path.parent) == before
