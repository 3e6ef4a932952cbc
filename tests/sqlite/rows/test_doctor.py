from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.store.sqlite.admin import doctor
from smq_core.store.sqlite.database import file_system, open_database
from tests.faults.folder import contents
from tests.sqlite.database.queue_file import NOW_MS, ask, examine, finding, lease, send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "q.sqlite3"
    open_database.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)
    return path


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
    assert " ".join(one.name for one in findings) == (
        "sqlite file system file wal schema leases clock ids free pages counters rows integrity"
    )
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


@pytest.mark.fault(
    row="a clock that has jumped",
    part="damage",
    promise="doctor reports it; --repair makes a backup, then takes back leases with implausible end times",
    how="leases longer than the maximum, messages with creation times in the future",
)
def test_messages_from_the_future_tell_of_a_wrong_clock(path: Path, fault: Fault) -> None:
    send(path)
    ask(path, f"UPDATE smq_messages SET created_at = {NOW_MS + 3_600_000}")  # noqa: S608 -- a number

    assert "messages with creation times in the future: 1" in finding(path, "clock").sentence
    fault.struck()
    fault.ran()


def test_a_silent_daemon_is_named_with_what_it_holds(path: Path) -> None:
    lease(path, NOW_MS + 60_000, worker="host-1")
    lease(path, NOW_MS + 60_000, worker="host-2")
    send(path, ", status, worker", ", 'dead', 'host-1'")
    ask(
        path,
        "INSERT INTO smq_workers(id, host, pid, version, state, started_at, heartbeat_at) VALUES"  # noqa: S608 -- numbers
        f" ('host-1', 'host', 4711, '1', 'running', 1, {NOW_MS - 90_000}),"
        f" ('host-2', 'host', 4712, '1', 'running', 1, {NOW_MS})",
    )

    found = [one for one in examine(path) if one.name == "workers"]

    assert [one.severity for one in found] == ["warning"]
    assert "host-1 (process 4711 on host) has been lost for 90 s; messages held: 1" in found[0].sentence


@pytest.mark.parametrize(
    ("damage", "severity", "word"),
    [
        ("DROP INDEX smq_ready", "error", "missing: smq_ready"),
        ("CREATE INDEX smq_mine ON smq_messages(topic)", "warning", "not created by smq: smq_mine"),
        ("ALTER TABLE smq_workers ADD COLUMN extra TEXT", "warning", "since smq created them: smq_workers"),
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


@pytest.mark.fault(
    row="a damaged index",
    part="damage",
    promise="doctor reports it, and says how to restore or salvage the database",
    how="entries are removed from the index without SQLite's knowledge",
)
def test_a_damaged_index_is_found(path: Path, fault: Fault) -> None:
    damage_index(path)

    found = finding(path, "integrity")

    assert found.severity == "error"
    assert "smq_ready" in found.sentence
    fault.struck()
    fault.ran()


def test_a_damaged_page_is_found_and_hides_nothing_else(path: Path) -> None:
    for _ in range(40):
        send(path)
    page = int(str(ask(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'smq_attempts'")[0][0]))
    page_size = int(str(ask(path, "PRAGMA page_size")[0][0]))
    with path.open("r+b") as file:
        file.seek((page - 1) * page_size)
        file.write(b"\xff" * page_size)

    assert finding(path, "integrity").severity == "error"
    assert finding(path, "counters").severity == "ok"


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: path.unlink(), "the file does not exist"),
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


def test_leases_are_told_with_those_past_their_time(path: Path) -> None:
    send(path)
    lease(path, NOW_MS)
    lease(path, NOW_MS + 1)

    assert finding(path, "leases").sentence == "running: 2, of which expired: 1"


def test_an_applications_own_tables_are_none_of_the_doctors_business(path: Path) -> None:
    ask(path, "CREATE TABLE users (name)")

    assert finding(path, "schema").severity == "ok"
