"""A daemon whose database does not answer: it says so once, goes on, and is there when it is back."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from tests.daemon.loading import handled, hold_for, said
from tests.daemon.running import Daemon
from tests.matrix import scaled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = pytest.mark.slow

GATED = """
    import os, pathlib, threading
    FD = os.open("handled", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def handle(message):
        if message.payload == "first":
            print("begun", flush=True)
            while not pathlib.Path("go").exists(): threading.Event().wait(0.01)
        threading.Event().wait(0.001)
        os.write(FD, b"%d\\n" % message.id)
"""
HANDLER = ("--handler", "t=handlers:handle")
LOCKER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
database.execute("ROLLBACK")
database.close()
"""
DISK = 16 * 2**20


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock from another process, by another SQLite, which takes no turn."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "locked\n"
        yield


def gate(path: Path) -> list[int]:
    """Enqueue messages, the first of which waits for the gate to be opened."""
    with Queue(path) as queue:
        return queue.enqueue_many("t", ["first", *["x"] * 3_000])


def assert_all_were_handled_once(folder: Path, ids: list[int], daemon: Daemon, condition: str) -> None:
    assert handled(folder) == dict.fromkeys(ids, 1)
    assert (said(daemon, condition), said(daemon, f"{condition}_over")) == (1, 1)


@pytest.mark.fault(
    row="a database locked by another program",
    part="workers",
    promise="the daemon reports it once and continues; no message is lost or processed twice",
    how="BEGIN IMMEDIATE with Python's sqlite3 in another process, held for 30 s, under load",
)
def test_a_database_that_another_program_locks_is_waited_for(
    tmp_path: Path, path: Path, fault: Fault
) -> None:
    ids = gate(path)
    with Daemon(tmp_path, *HANDLER, "--burst", code=GATED) as daemon:
        daemon.wait_for("output", "begun")
        with locked(path):
            (tmp_path / "go").touch()
            daemon.wait_for("database_unavailable", "held the database")
            fault.struck()
            hold_for(scaled(1, 30))
        assert daemon.end() == 0

    assert_all_were_handled_once(tmp_path, ids, daemon, "database_unavailable")
    fault.ran()


@pytest.mark.fault(
    row="a daemon whose writes fail",
    part="workers",
    promise="the daemon reports it once and continues; no message is lost or processed twice",
    how="RLIMIT_FSIZE of the running daemon is set below the size of the WAL file, under load",
)
def test_writes_that_fail_are_tried_again(tmp_path: Path, path: Path, fault: Fault) -> None:
    ids = gate(path)
    with Daemon(tmp_path, *HANDLER, "--burst", code=GATED) as daemon:
        daemon.wait_for("output", "begun")
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        (tmp_path / "go").touch()
        daemon.wait_for("database_unavailable")
        fault.struck()
        hold_for(scaled(1, 4))
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, unlimited)
        assert daemon.end() == 0

    assert_all_were_handled_once(tmp_path, ids, daemon, "database_unavailable")
    fault.ran()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a small disk, which only root may."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    if subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", place], check=False
    ).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["/bin/umount", place], check=True)


@pytest.mark.fault(
    row="a full disk",
    part="workers",
    promise="the daemon reports it once and continues; no message is lost or processed twice",
    how="a small file system (tmpfs, as root) is filled completely for 10 s, under load",
)
def test_a_full_disk_is_waited_for(tmp_path: Path, disk: Path, fault: Fault) -> None:
    ids = gate(disk / "queue.sqlite3")
    filler = disk / "filler"
    with Daemon(tmp_path, *HANDLER, "--db", "disk/queue.sqlite3", "--burst", code=GATED) as daemon:
        daemon.wait_for("output", "begun")
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        (tmp_path / "go").touch()
        daemon.wait_for("database_unavailable", "full")
        fault.struck()
        hold_for(scaled(1, 10))
        filler.unlink()
        assert daemon.end() == 0

    assert_all_were_handled_once(tmp_path, ids, daemon, "database_unavailable")
    fault.ran()


@pytest.mark.fault(
    row="the database file moved away and back",
    part="workers",
    promise="the daemon reports it once and continues; no file is created in its place, and no message is "
    "lost or processed twice",
    how="the file is renamed, alone or together with its -wal and -shm files, under load",
)
@pytest.mark.parametrize("names", [[""], ["", "-wal", "-shm"]], ids=["alone", "with its companions"])
def test_a_database_that_is_moved_away_is_waited_for(
    tmp_path: Path, path: Path, fault: Fault, names: list[str]
) -> None:
    ids = gate(path)
    away = tmp_path / "away"
    away.mkdir()
    files = [path.with_name(path.name + suffix) for suffix in names]
    with Daemon(tmp_path, *HANDLER, "--burst", code=GATED) as daemon:
        daemon.wait_for("output", "begun")
        for file in files:
            file.rename(away / file.name)
        # else all could be handled before the next look
        daemon.wait_for("database_moved", "is gone")
        fault.struck()
        (tmp_path / "go").touch()
        hold_for(scaled(1, 4))
        assert [file.name for file in files if file.exists()] == []
        for file in files:
            (away / file.name).rename(file)
        assert daemon.end() == 0

    assert_all_were_handled_once(tmp_path, ids, daemon, "database_moved")
    fault.ran()
