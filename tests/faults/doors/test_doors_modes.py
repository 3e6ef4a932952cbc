"""The story: other people have accounts on the machine. What smq makes, its owner alone may read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_core.cli.main import run
from smq_core.daemon.inbox.inbox_folder import InboxFolder
from smq_core.states import State
from smq_core.store.records import Selection
from smq_core.transfer import export_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.matrix import Fault

DAEMON = (sys.executable, "-c", "from smq_core.daemon.main import main; main()")


@pytest.fixture
def wide_open() -> Iterator[None]:
    """Have a umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of each file in a folder and those below, but for those that the test wrote."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".jsonl"]
    return {path.name: path.stat().st_mode & 0o777 for path in files}


def use_all(folder: Path) -> None:
    """Let smq make every kind of file that it makes."""
    location = folder / "queue.sqlite3"
    source, dropped = folder / "in.jsonl", folder / "inbox" / "a.jsonl"
    source.write_bytes(b"1\n\xff\n")
    InboxFolder(str(dropped.parent))
    dropped.write_bytes(b"2\n\xff\n")
    os.utime(dropped, (0, 0))
    for arguments in (
        ["import", str(source)],
        ["backup", str(folder / "copy")],
        ["export", "-o", str(folder / "out")],
    ):
        run([*arguments, "--db", str(location)])
    export_file(str(location), folder / "chosen", Selection(state=State.READY))
    subprocess.run(
        [*DAEMON, "--db", str(location), "--exec", "default=true", "--inbox", str(dropped.parent), "--burst"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        cwd=folder,
        capture_output=True,
        check=True,
    )


EXPECTED = {
    "queue.sqlite3",
    "queue.sqlite3-wal",
    "queue.sqlite3-shm",
    "queue.sqlite3-workers",
    "copy",
    "out",
    "chosen",
    "in.jsonl.rejects",
}


@pytest.mark.fault(
    row="a umask that makes new files world-readable",
    part="opening and access",
    promise="only the owner has access to the database, the -wal, -shm and -workers files, rejected lines, "
    "reports, backups and exports",
    how="umask 0, with each command that creates files and with a daemon that has an inbox",
)
@pytest.mark.usefixtures("wide_open")
def test_every_file_is_made_for_its_owner_alone(tmp_path: Path, fault: Fault) -> None:
    with Queue(tmp_path / "queue.sqlite3") as queue:
        queue.enqueue("default", "open while the modes are looked at")
        use_all(tmp_path)
        found = modes(tmp_path)
    folders = [path for path in tmp_path.rglob("*") if path.is_dir()]

    assert set(found) > EXPECTED
    assert any(name.endswith(".report.json") for name in found)
    assert set(found.values()) == {0o600}, found
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
    fault.struck(len(found))
    fault.ran(len(found))


@pytest.mark.fault(
    row="a database that a group shares",
    part="opening and access",
    promise="the file's mode is kept, and its -wal, -shm and -workers files get the same mode",
    how="a database with mode 0660 under umask 022",
)
def test_companions_have_the_mode_of_a_shared_database(tmp_path: Path, fault: Fault) -> None:
    location, rejects = tmp_path / "queue.sqlite3", tmp_path / "in.jsonl.rejects"
    before = os.umask(0o022)
    try:
        location.touch()
        location.chmod(0o660)
        rejects.touch()
        rejects.chmod(0o640)
        with Queue(location) as queue:
            queue.enqueue("default", "hello")
            use_all(tmp_path)
            found = modes(tmp_path)
    finally:
        os.umask(before)

    companions = {name: mode for name, mode in found.items() if name.startswith("queue.sqlite3")}
    assert companions == dict.fromkeys(companions, 0o660)
    assert len(companions) == 4
    assert found["in.jsonl.rejects"] == 0o640
    assert found["copy"] == 0o600
    fault.struck(len(companions))
    fault.ran(len(companions))
