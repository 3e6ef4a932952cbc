"""What the doctor says of each damage, what to do about it, and what its repair mends."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from smq_core.store.sqlite.admin import repair
from smq_core.store.sqlite.database import open_database
from tests.sqlite.database.queue_file import NOW_MS, ask, examine, finding, lease
from tests.sqlite.rows.damaged_file import damage_leaf, overwrite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.matrix import Fault

MANY = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO smq_messages(topic, payload) SELECT 'mail', hex(randomblob(200)) FROM n
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "q.sqlite3"
    open_database.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)
    return path


@pytest.fixture
def dead_pid() -> int:
    """Give the number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def register(path: Path, worker: str, pid: int, host: str | None = None, *, silent_ms: int = 90_000) -> None:
    """Write the row of a daemon that has been silent for a while, and a lease that it holds."""
    lease(path, NOW_MS + 60_000, worker=worker)
    host, heard_at = host or os.uname().nodename, NOW_MS - silent_ms
    ask(
        path,
        "INSERT INTO smq_workers(id, host, pid, version, state, started_at, heartbeat_at)"  # noqa: S608 - ours
        f" VALUES ('{worker}', '{host}', {pid}, '1', 'running', 1, {heard_at})",
    )


@pytest.mark.fault(
    row="leases of a dead daemon",
    part="damage",
    promise="doctor names the daemon and its messages; --repair returns them to the queue, but leaves alone "
    "every message that a running process may hold",
    how="the row and lease of a process that has exited, alongside those of a running process and of one on "
    "another host",
)
def test_the_leases_of_a_dead_daemon_are_named_and_taken_back(
    path: Path, dead_pid: int, fault: Fault
) -> None:
    register(path, "dead", dead_pid)
    register(path, "stopped", os.getpid())
    register(path, "far", dead_pid, host="elsewhere.example")
    fault.struck()
    said = {one.sentence.split()[1]: one for one in examine(path, {"dead"}) if one.name == "workers"}
    assert "has exited and has been lost for 90 s; messages held: 1" in said["dead"].sentence
    assert "--repair" in said["dead"].advice
    assert "has ended" not in said["stopped"].sentence + said["far"].sentence

    assert "leases returned: 1" in repair.repair(str(path), NOW_MS, {"dead"})
    assert ask(path, "SELECT worker FROM smq_messages ORDER BY id") == [(None,), ("stopped",), ("far",)]
    assert ask(path, "SELECT outcome, worker FROM smq_attempts") == [("reclaim", "dead")]
    assert finding(path, "counters").severity == "ok"
    fault.ran()


@pytest.mark.parametrize(
    ("silent_ms", "is_named", "is_taken_back"),
    [(15_000, False, False), (15_001, True, False), (60_000, True, False), (60_001, True, True)],
)
def test_a_lost_daemon_is_named_at_once_and_what_it_holds_taken_back_when_it_is_stale(
    path: Path, dead_pid: int, silent_ms: int, *, is_named: bool, is_taken_back: bool
) -> None:
    register(path, "dead", dead_pid, silent_ms=silent_ms)

    advice = [one.advice for one in examine(path, {"dead"}) if one.name == "workers"]
    assert ["once it has been lost for 60 s" in one for one in advice] == [not is_taken_back] * is_named
    assert ("leases returned: 1" in repair.repair(str(path), NOW_MS, {"dead"})) == is_taken_back


def test_a_dead_daemon_that_holds_nothing_needs_no_repair(path: Path, dead_pid: int) -> None:
    register(path, "dead", dead_pid)
    ask(path, "DELETE FROM smq_messages")

    assert finding(path, "workers").severity == "notice"
    assert repair.repair(str(path), NOW_MS, {"dead"}) == ["nothing needed repair"]


def test_a_process_id_that_nobody_has_here_proves_nothing(path: Path, dead_pid: int) -> None:
    """Such a daemon may be in another container."""
    register(path, "elsewhere", dead_pid)

    assert "has ended" not in finding(path, "workers").sentence
    assert repair.repair(str(path), NOW_MS) == ["nothing needed repair"]


@pytest.mark.fault(
    row="a table that uses one of smq's names but was not created by smq",
    part="damage",
    promise="doctor names it, and says what to do",
    how="created with SQL, in a queue and in an application's own database",
)
def test_a_table_of_our_names_is_told_in_a_queue_and_in_another_database(
    path: Path, tmp_path: Path, fault: Fault
) -> None:
    ask(path, "CREATE TABLE smq_mine(a)")
    other = tmp_path / "app.sqlite3"
    with closing(sqlite3.connect(other)) as connection:
        connection.executescript("CREATE TABLE users(a); CREATE TABLE smq_messages(a)")
    fault.struck(2)

    assert "not created by smq: smq_mine" in finding(path, "schema").sentence
    assert finding(path, "schema").advice == "rename them"
    assert "were not created by smq: smq_messages" in finding(other, "file").sentence
    assert "rename those tables" in finding(other, "file").advice
    fault.ran(2)


@pytest.mark.fault(
    row="a corrupt page",
    part="damage",
    promise="doctor reports it, and says how to restore or salvage the database",
    how="one page of the messages or of the topics, or the header, is overwritten",
)
@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (lambda path: damage_leaf(path, "smq_messages", "middle"), "integrity"),
        (lambda path: damage_leaf(path, "smq_messages", "last"), "integrity"),
        (lambda path: damage_leaf(path, "smq_topics", "last"), "integrity"),
        (lambda path: overwrite(path, 0, 100), "file"),
    ],
    ids=["messages", "last messages", "topics", "header"],
)
def test_a_damaged_page_is_told_with_what_to_do(
    path: Path, damage: Callable[[Path], None], name: str, fault: Fault
) -> None:
    ask(path, MANY)
    damage(path)
    fault.struck()

    found = finding(path, name)
    assert found.severity == "error"
    assert "replace it with a backup" in found.advice
    assert "smq export --salvage" in found.advice
    assert all("run `smq doctor`" not in one.sentence for one in examine(path))
    fault.ran()
