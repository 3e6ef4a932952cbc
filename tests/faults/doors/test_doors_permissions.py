"""The story: the place is right, but the system says no."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.errors import StoreUnavailable
from smq_core.store.sqlite.database import file_system, open_database
from tests.faults.folder import contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.matrix import Fault

NOW_MS = 1_700_000_000_000


def prepare(path: Path, *, may_create: bool = True, may_write: bool = True) -> None:
    open_database.prepare(str(path), may_create=may_create, may_write=may_write, now_ms=NOW_MS)


@pytest.fixture
def as_nobody() -> Iterator[Callable[[int], Path]]:
    """Return a folder with the mode that is asked for, and become a user who owns it and is not root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "folder"
        folder.mkdir()
        Path(name).chmod(0o755)
        user = os.geteuid()

        def become(mode: int) -> Path:
            if user == 0:
                for path in [folder, *folder.iterdir()]:
                    os.chown(path, 65534, 65534)
            folder.chmod(mode)
            if user == 0:
                os.seteuid(65534)
            return folder

        yield become
        os.seteuid(user)
        folder.chmod(0o755)


def test_a_read_only_folder_takes_no_queue(as_nobody: Callable[[int], Path]) -> None:
    folder = as_nobody(0o555)

    with pytest.raises(StoreUnavailable, match="Permission denied"):
        prepare(folder / "q.sqlite3")

    assert contents(folder) == {}


def test_a_queue_in_a_read_only_folder_is_recognised_and_cannot_be_written(
    as_nobody: Callable[[int], Path],
) -> None:
    folder = as_nobody(0o755)
    prepare(folder / "q.sqlite3")
    folder.chmod(0o555)
    before = contents(folder)

    prepare(folder / "q.sqlite3", may_create=False, may_write=False)
    with pytest.raises(StoreUnavailable):
        prepare(folder / "q.sqlite3")

    assert contents(folder) == before


def test_a_queue_in_a_read_only_folder_is_read_and_what_is_written_later_is_seen(
    as_nobody: Callable[[int], Path],
) -> None:
    """Without a -wal it is read as it stands, and no file is made; with one, as any other."""
    folder = as_nobody(0o755)
    with Queue(folder / "q.sqlite3") as queue:
        queue.enqueue("mail", "before")
    folder.chmod(0o555)
    before = contents(folder)

    with Inspector(folder / "q.sqlite3", read_only=True) as inspector:
        assert inspector.topic("mail").ready == 1
        assert contents(folder) == before
        folder.chmod(0o755)
        with Queue(folder / "q.sqlite3") as queue:
            queue.enqueue("mail", "after")

            assert inspector.topic("mail").ready == 2


def test_a_queue_that_may_not_be_read(as_nobody: Callable[[int], Path]) -> None:
    folder = as_nobody(0o755)
    prepare(folder / "q.sqlite3")
    (folder / "q.sqlite3").chmod(0)

    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        prepare(folder / "q.sqlite3")


def test_a_read_only_queue_is_recognised_and_cannot_be_written(as_nobody: Callable[[int], Path]) -> None:
    folder = as_nobody(0o755)
    prepare(folder / "q.sqlite3")
    (folder / "q.sqlite3").chmod(0o400)
    before = contents(folder)

    prepare(folder / "q.sqlite3", may_create=False, may_write=False)
    with pytest.raises(StoreUnavailable):
        prepare(folder / "q.sqlite3")

    assert contents(folder) == before


@pytest.mark.fault(
    row="a network file system",
    part="environment",
    promise="refused with an error that says how to open the queue anyway; nothing is created",
    how="simulated: statfs reports NFS",
)
def test_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """The kernel's answer is replaced: no test can rely on such a mount."""
    monkeypatch.setattr(file_system, "magic_of", lambda _folder: 0x6969)
    monkeypatch.delenv(file_system.OVERRIDE, raising=False)

    with pytest.raises(StoreUnavailable, match=f"is on NFS.*{file_system.OVERRIDE}=1"):
        prepare(tmp_path / "q.sqlite3")

    assert contents(tmp_path) == {}
    fault.struck()
    fault.ran()


def test_a_network_file_system_is_taken_when_the_environment_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_system, "magic_of", lambda _folder: 0x6969)
    monkeypatch.setenv(file_system.OVERRIDE, "1")

    prepare(tmp_path / "q.sqlite3")

    assert (tmp_path / "q.sqlite3").exists()
