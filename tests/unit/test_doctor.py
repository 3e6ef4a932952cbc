from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.errors import NotAQueue, StoreUnavailable
from smq_core.store.sqlite import compact, doctor, file_system, holders, opening, recognise, repair
from smq_core.store.sqlite.recognise import Shape
from smq_core.validation import LONGEST_LEASE_MS
from tests.faults.folder import contents

if TYPE_CHECKING:
    from smq_core.store.sqlite.findings import Finding

NOW_MS = 1_700_000_000_000
ONLY_LINUX = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who holds a file")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "q.sqlite3"
    opening.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)
    return path


def ask(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def send(path: Path, columns: str = "", values: str = "") -> None:
    ask(
        path,
        f"INSERT INTO smq_messages(topic, payload, kind, created_at, available_at{columns})"
        f" VALUES ('mail', 'x', 'text', {NOW_MS}, {NOW_MS}{values})",
    )


def lease(path: Path, locked_until: int, worker: str = "w1", attempts: int = 1) -> None:
    columns = ", status, locked_until, receipt, worker, attempts"
    send(path, columns, f", 'processing', {locked_until}, 5, '{worker}', {attempts}")


def examine(path: Path) -> list[Finding]:
    return list(doctor.examine(str(path), NOW_MS))


def finding(path: Path, name: str) -> Finding:
    """Answer the worst of what the doctor says about one thing."""
    ranks = ["ok", "notice", "warning", "error"]
    return max((one for one in examine(path) if one.name == name), key=lambda one: ranks.index(one.severity))


def damage_index(path: Path) -> None:
    """Take the entries of an index away, so that only a full check can tell."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'smq_ready'").fetchone()
        connection.execute(
            "UPDATE sqlite_schema SET sql = ? WHERE name = 'smq_ready'", (f"{sql} AND priority > 1000",)
        )
    send(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'smq_ready'", (sql,))


def test_a_sound_queue_has_nothing_but_good_findings(path: Path) -> None:
    send(path)
    lease(path, NOW_MS + 60_000)
    before = contents(path.parent)

    findings = examine(path)

    assert {one.severity for one in findings} == {"ok"}
    assert [one.name for one in findings] == [
        "sqlite", "file system", "file", "wal", "schema", "leases", "clock", "free pages", "counters", "integrity"
    ]  # fmt: skip
    assert contents(path.parent) == before


def test_the_file_is_told_with_its_identity(path: Path) -> None:
    sentence = finding(path, "file").sentence

    assert str(path) in sentence
    assert f"inode {path.stat().st_ino}" in sentence


def test_a_file_that_others_may_read_is_noticed(path: Path) -> None:
    path.chmod(0o644)

    assert finding(path, "file").severity == "notice"


def test_wrong_counters_are_found_by_topic(path: Path) -> None:
    send(path)
    ask(path, "UPDATE smq_topics SET dead = 3")

    found = finding(path, "counters")

    assert (found.severity, "'mail'" in found.sentence, "--repair" in found.advice) == ("error", True, True)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM smq_topics",
        "UPDATE smq_topics SET gone = 7",
        "INSERT INTO smq_topics(topic, entered) VALUES ('ghost', 2)",
    ],
)
def test_every_way_of_being_wrong_is_found_and_repaired(path: Path, damage: str) -> None:
    send(path)
    send(path, ", status", ", 'dead'")
    ask(path, damage)
    assert finding(path, "counters").severity == "error"

    words = repair.repair(str(path), NOW_MS)

    assert "the counters of 1 topics were wrong" in " ".join(words)
    assert finding(path, "counters").severity == "ok"
    assert ask(path, "SELECT entered - gone, dead FROM smq_topics WHERE topic = 'mail'") == [(2, 1)]


def test_expired_and_absurd_leases_are_found_and_taken_back(path: Path) -> None:
    lease(path, NOW_MS - 1)
    lease(path, NOW_MS + LONGEST_LEASE_MS + 1)
    lease(path, NOW_MS + 60_000)
    lease(path, NOW_MS - 1, attempts=99)
    assert finding(path, "leases").severity == "notice"
    assert "1 leases end absurdly far ahead" in finding(path, "clock").sentence

    words = repair.repair(str(path), NOW_MS)

    assert "3 leases were taken back" in words
    assert [row[0] for row in ask(path, "SELECT status FROM smq_messages ORDER BY id")] == [
        "ready",
        "ready",
        "processing",
        "dead",
    ]
    assert finding(path, "counters").severity == "ok"


def test_a_repair_keeps_a_copy_of_what_was_there(path: Path) -> None:
    send(path)
    ask(path, "UPDATE smq_topics SET dead = 3")

    kept = Path(re.sub(".* lies in ", "", repair.repair(str(path), NOW_MS)[0]))

    assert ask(kept, "SELECT dead FROM smq_topics") == [(3,)]


def test_only_a_queue_is_repaired(tmp_path: Path) -> None:
    with pytest.raises(NotAQueue):
        repair.repair(str(tmp_path / "missing"), NOW_MS)


def test_messages_from_the_future_tell_of_a_wrong_clock(path: Path) -> None:
    send(path)
    ask(path, f"UPDATE smq_messages SET created_at = {NOW_MS + 3_600_000}")

    assert "1 messages were made in the future" in finding(path, "clock").sentence


def test_a_silent_daemon_is_named_with_what_it_holds(path: Path) -> None:
    lease(path, NOW_MS + 60_000, worker="host-1")
    ask(
        path,
        "INSERT INTO smq_workers(id, host, pid, version, state, started_at, heartbeat_at)"
        f" VALUES ('host-1', 'host', 4711, '1', 'running', 1, {NOW_MS - 90_000}), ('host-2', 'host', 4712, '1', 'running', 1, {NOW_MS})",
    )

    found = [one for one in examine(path) if one.name == "workers"]

    assert [one.severity for one in found] == ["warning"]
    assert "host-1 (process 4711 on host) has been silent for 90 s and holds 1 messages" in found[0].sentence


@pytest.mark.parametrize(
    ("damage", "severity", "word"),
    [
        ("DROP INDEX smq_ready", "error", "missing: smq_ready"),
        ("CREATE INDEX smq_mine ON smq_messages(topic)", "warning", "not ours: smq_mine"),
        ("ALTER TABLE smq_workers ADD COLUMN extra TEXT", "warning", "not as smq made them: smq_workers"),
    ],
)
def test_a_changed_schema_is_told(path: Path, damage: str, severity: str, word: str) -> None:
    ask(path, damage)

    found = finding(path, "schema")

    assert found.severity == severity
    assert word in found.sentence


def test_a_newer_schema_is_told(path: Path) -> None:
    ask(path, "UPDATE smq_schema SET version = 99")

    assert (finding(path, "schema").severity, finding(path, "schema").advice) == ("error", "upgrade smq")


def test_a_queue_out_of_wal_is_told(path: Path) -> None:
    ask(path, "PRAGMA journal_mode = delete")

    assert finding(path, "journal").severity == "warning"


def test_a_damaged_index_is_found(path: Path) -> None:
    damage_index(path)

    found = finding(path, "integrity")

    assert found.severity == "error"
    assert "smq_ready" in found.sentence


def test_a_damaged_page_is_found_and_hides_nothing_else(path: Path) -> None:
    for _ in range(40):
        send(path)
    page = int(str(ask(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'smq_attempts'")[0][0]))
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)

    assert finding(path, "integrity").severity == "error"
    assert finding(path, "counters").severity == "ok"


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: path.unlink(), "there is no file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"\xff\xd8\xff" * 1000), "is not a SQLite database"),
    ],
    ids=["missing", "empty", "picture"],
)
def test_what_is_no_queue_is_told_and_left(path: Path, make: object, word: str) -> None:
    assert callable(make)
    make(path)
    before = contents(path.parent)

    assert word in finding(path, "file").sentence
    assert finding(path, "file").severity == "error"
    assert contents(path.parent) == before


def test_a_network_file_system_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "magic_of", lambda _folder: 0xFF534D42)

    assert "CIFS" in finding(path, "file system").sentence
    assert file_system.OVERRIDE in finding(path, "file system").advice


READER = (
    "import sqlite3, sys\n"
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "if sys.argv[2] == 'read': connection.execute('BEGIN')\n"
    "connection.execute('SELECT * FROM smq_schema').fetchall()\n"
    "print('ready', flush=True)\n"
    "sys.stdin.read()\n"
)


@ONLY_LINUX
@pytest.mark.parametrize(("what", "is_reading"), [("read", True), ("idle", False)])
def test_processes_that_hold_and_read_the_database_are_seen(path: Path, what: str, is_reading: bool) -> None:
    send(path)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(path), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"

        assert [holder.pid for holder in holders.users(str(path))] == [other.pid]
        assert [holder.pid for holder in holders.readers(str(path))] == [other.pid] * is_reading
        assert f"{other.pid} (" in finding(path, "wal").sentence
        other.communicate("")


@ONLY_LINUX
def test_a_large_wal_is_told_with_who_holds_it_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LARGE_WAL", 1)
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("INSERT INTO smq_messages(topic, payload) VALUES ('mail', 'x')")
        connection.execute("BEGIN; SELECT * FROM smq_messages").fetchall()

        found = finding(path, "wal")

    assert found.severity == "warning"
    assert f"reading right now: {os.getpid()} (" in found.sentence


def test_nobody_holds_a_database_that_is_closed(path: Path) -> None:
    assert holders.users(str(path)) == holders.readers(str(path)) == []


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
