"""One database by two names: refused at every door, with a sentence that says what to do.

The story: a container gets the file mounted alone, or a backup tool or a person makes a hard link. SQLite
finds the -wal and -shm by the database's name, so that who comes by the other name sees neither the newest
messages nor the locks: messages that were durable are lost, and the file is damaged.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue, StoreUnavailable
from smq_core.cli.main import run
from smq_core.store import administration
from smq_core.store.sqlite.admin import compact, doctor, repair
from smq_core.store.sqlite.database import one_name
from tests.faults.folder import contents

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.matrix import Fault

NOW_MS = 1_700_000_000_000
two_names = pytest.mark.fault(
    row="one database under two names",
    part="opening and access",
    promise="refused with an error, and no byte is changed",
    how="a hard link created before or after the queue is opened; the file bind-mounted on its own (as root)",
)

DOORS: dict[str, Callable[[str], object]] = {
    "a producer": lambda path: Queue(path).enqueue("mail", "x"),
    "a consumer": lambda path: Queue(path).dequeue("mail"),
    "an operator": lambda path: Inspector(path).topics(),
    "a reader": lambda path: Inspector(path, read_only=True).topics(),
    "repair": lambda path: repair.repair(path, NOW_MS),
    "compact": compact.compact,
    "init --into": lambda path: administration(path).add_to_application(),
}


def has_namespaces() -> bool:
    """Check whether a test may mount something where nobody else sees it."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run(in_a_namespace("true"), check=False, capture_output=True).returncode == 0


def in_a_namespace(*command: str) -> tuple[str, ...]:
    """Return a command line that runs a command with mounts of its own."""
    return ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), *command)


mounting = pytest.mark.skipif(not has_namespaces(), reason="may not mount anything")


@two_names
@pytest.mark.parametrize("door", sorted(DOORS))
@pytest.mark.parametrize("state", ["in use", "at rest"])
def test_a_hard_link_is_refused_at_every_door(
    location: str, tmp_path: Path, fault: Fault, door: str, state: str
) -> None:
    queue = Queue(location)
    queue.enqueue("mail", "kept")
    other = tmp_path / "elsewhere" / "queue.sqlite3"
    other.parent.mkdir()
    other.hardlink_to(location)
    if state == "at rest":
        queue.close()
    before = contents(tmp_path)

    for path in (str(other), location):
        with pytest.raises(StoreUnavailable, match=r"has 2 names \(hard links\).*-inum \d+"):
            DOORS[door](path)

    assert contents(tmp_path) == before
    other.unlink()
    queue.close()
    with Queue(location) as again:
        assert again.size("mail") == 1
    fault.struck()
    fault.ran()


@two_names
def test_doctor_tells_of_a_hard_link_and_touches_nothing_else(
    location: str, tmp_path: Path, fault: Fault
) -> None:
    (tmp_path / "other.sqlite3").hardlink_to(location)
    before = contents(tmp_path)

    worst = list(doctor.examine(location, NOW_MS))[-1]

    assert (worst.name, worst.severity) == ("names", "error")
    assert "has 2 names" in worst.sentence
    assert contents(tmp_path) == before
    fault.struck()
    fault.ran()


@two_names
@pytest.mark.parametrize("command", [["topics"], ["send", "mail", "x"], ["doctor"], ["doctor", "--repair"]])
def test_a_command_says_what_to_do_about_a_hard_link(
    location: str, tmp_path: Path, fault: Fault, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    (tmp_path / "other.sqlite3").hardlink_to(location)

    assert run([command[0], "--db", location, *command[1:]]) == 1

    printed = capsys.readouterr()
    assert "Keep the name with the WAL file" in printed.out + printed.err
    fault.struck()
    fault.ran()


def test_a_symbolic_link_is_another_way_to_the_same_name(location: str, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite3"
    link.symlink_to(location)

    with Queue(link) as by_link, Queue(location) as by_name:
        by_link.enqueue("mail", "a")
        assert by_name.size("mail") == 1
        assert by_link.location == by_name.location
    assert not (tmp_path / "link.sqlite3-wal").exists()


MOUNTED = """
import json, subprocess, sys
from pathlib import Path
from smq_core import Inspector, Queue, StoreUnavailable
from smq_core.store.sqlite.database import one_name

host, inside, by = sys.argv[1:]
subprocess.run(("mount", "--bind", host, inside), check=True)
if by == "the list":
    one_name._statx = lambda: None
told = []
for call in (lambda: Queue(inside).enqueue("mail", "x"), lambda: Inspector(inside, read_only=True).topics()):
    try:
        call()
    except StoreUnavailable as error:
        told.append(str(error))
print(json.dumps(told))
"""


@mounting
@two_names
@pytest.mark.parametrize("by", ["the file", "the list"])
def test_a_file_that_is_mounted_alone_is_refused(
    location: str, tmp_path: Path, fault: Fault, by: str
) -> None:
    """Where an older Linux does not tell of the file itself, by the list of what is mounted."""
    inside = tmp_path / "in \\side" / "queue.sqlite3"
    inside.parent.mkdir()
    inside.touch()
    command = in_a_namespace(sys.executable, "-c", MOUNTED, location, str(inside), by)

    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert len(told) == 2
    assert all("Mount its folder instead" in sentence for sentence in told)
    with Queue(location) as queue:
        assert queue.size("mail") == 0
    fault.struck(2)
    fault.ran(2)


MOUNTED_TWICE = """
import subprocess, sys
from smq_core import Queue
host, inside = sys.argv[1:]
subprocess.run(("mount", "--bind", host, inside), check=True)
with Queue(f"{inside}/queue.sqlite3") as queue:
    queue.enqueue("mail", "from inside")
    print(queue.size("mail"))
"""


@mounting
def test_a_folder_that_is_mounted_twice_is_one_queue(location: str, tmp_path: Path) -> None:
    """As containers that share a folder do."""
    inside = tmp_path / "inside"
    inside.mkdir()
    with Queue(location) as queue:
        queue.enqueue("mail", "from outside")
        command = in_a_namespace(sys.executable, "-c", MOUNTED_TWICE, str(tmp_path), str(inside))
        inside_size = subprocess.run(command, check=True, capture_output=True, text=True).stdout

        assert (inside_size, queue.size("mail")) == ("2\n", 2)


def test_where_nothing_tells_of_mounts_nothing_is_refused(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_name, "_statx", lambda: None)
    monkeypatch.setattr(one_name, "_MOUNTS", "/nowhere")

    assert one_name.second_name(location) is None


def test_a_backup_has_one_name_once_it_is_there(location: str, tmp_path: Path) -> None:
    """It is published by a link, which would have it refused as a queue."""
    target = tmp_path / "copy.sqlite3"
    list(administration(location).backup(str(target)))

    assert Path(target).stat().st_nlink == 1
