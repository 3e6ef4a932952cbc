"""The story: a queue that was closed in good order lies where nothing can be written; it is read or saved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from smq_core import Inspector, Queue, StoreBusy
from smq_core.cli.main import run
from smq_core.store import administration
from tests.faults.doors.test_doors_two_names import in_a_namespace, mounting
from tests.faults.folder import contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY: Final = 65534
READING: Final = (
    ("topics",),
    ("peek", "mail"),
    ("show", "1"),
    ("workers",),
    ("activity",),
    ("export",),
    ("export", "--salvage"),
    ("check",),
    ("doctor",),
)
WRITING: Final = (
    ("compact",),
    ("doctor", "--repair"),
    ("prune",),
    ("pause", "mail"),
    ("send", "mail", "x"),
    ("requeue", "1"),
)


@pytest.fixture
def closed() -> Iterator[Callable[[int, int], Path]]:
    """Return what closes a folder with a queue in it, by the modes of both, to somebody who owns them."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name, ExitStack() as undo:
        folder = Path(name) / "folder"
        folder.mkdir()
        Path(name).chmod(0o755)
        with Queue(folder / "q.sqlite3") as queue:
            queue.enqueue("mail", "hello")

        def close(folder_mode: int, file_mode: int) -> Path:
            (folder / "q.sqlite3").chmod(file_mode)
            folder.chmod(folder_mode)
            undo.callback(folder.chmod, 0o755)
            if user == 0:
                for path in (Path(name), folder, folder / "q.sqlite3"):
                    os.chown(path, NOBODY, NOBODY)
                os.seteuid(NOBODY)
                undo.callback(os.seteuid, user)
            return folder / "q.sqlite3"

        yield close


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_what_reads_reads_it_as_it_lies(closed: Callable[[int, int], Path], command: tuple[str, ...]) -> None:
    path = closed(0o555, 0o600)
    before = contents(path.parent)

    assert run([command[0], "--db", str(path), *command[1:]]) == 0
    assert contents(path.parent) == before


@pytest.mark.parametrize("modes", [(0o555, 0o600), (0o755, 0o400), (0o555, 0o400)])
def test_a_backup_is_made_elsewhere(closed: Callable[[int, int], Path], modes: tuple[int, int]) -> None:
    path = closed(*modes)
    before = path.read_bytes()
    target = path.parent.parent / "copy.sqlite3"

    assert run(["backup", "--db", str(path), str(target)]) == 0
    assert path.read_bytes() == before
    with Queue(target) as queue:
        assert [lease.message.payload for lease in queue.dequeue("mail")] == ["hello"]


def test_a_backup_of_what_is_written_meanwhile_is_none(closed: Callable[[int, int], Path]) -> None:
    path = closed(0o555, 0o600)
    target = path.parent.parent / "copy.sqlite3"
    copying = administration(path).backup(str(target))
    next(copying)
    path.parent.chmod(0o755)
    with Queue(path) as queue:
        queue.enqueue("mail", "meanwhile")

    with pytest.raises(StoreBusy, match=r"was changed while it was copied: try again"):
        list(copying)
    assert not target.exists()


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
@pytest.mark.parametrize(
    ("modes", "why"),
    [
        ((0o555, 0o600), "folder is not writable, but q.sqlite3-wal must be created in it"),
        ((0o755, 0o400), "q.sqlite3 is not writable"),
    ],
)
def test_what_writes_says_what_may_not_be_written(
    closed: Callable[[int, int], Path],
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    modes: tuple[int, int],
    why: str,
) -> None:
    path = closed(*modes)
    before = contents(path.parent)

    assert run([command[0], "--db", str(path), *command[1:]]) == 1
    said = capsys.readouterr().err
    assert f"{why}: " in said
    assert "change its permissions" in said
    assert contents(path.parent) == before


MOUNTED: Final = """
import json, subprocess, sys
from smq_core.cli.main import run

folder, target = sys.argv[1:]
subprocess.run(("mount", "--bind", folder, folder), check=True)
subprocess.run(("mount", "-o", "remount,bind,ro", folder), check=True)
commands = (["topics"], ["backup", target], ["compact"])
codes = [run([one[0], "--db", f"{folder}/q.sqlite3", *one[1:]]) for one in commands]
print(json.dumps(codes))
"""


@mounting
def test_a_backup_of_a_queue_on_a_read_only_mount_is_made_and_compacting_refused(tmp_path: Path) -> None:
    folder, target = tmp_path / "folder", tmp_path / "copy.sqlite3"
    folder.mkdir()
    with Queue(folder / "q.sqlite3") as queue:
        queue.enqueue("mail", "hello")
    command = in_a_namespace(sys.executable, "-c", MOUNTED, str(folder), str(target))

    ran = subprocess.run(command, check=True, capture_output=True, text=True)

    assert json.loads(ran.stdout.splitlines()[-1]) == [0, 0, 1]
    assert "q.sqlite3 is not writable: nothing was compacted" in ran.stderr
    with Inspector(target) as inspector:
        assert inspector.topic("mail").ready == 1
