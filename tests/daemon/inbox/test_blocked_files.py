"""Files of odd names and kinds in the inbox, and errors of the system: one file's trouble is its own."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.inbox.blocked_files import FIRST_WAIT_S, MOST_TOLD
from smq_core.daemon.inbox.inbox import Inbox
from smq_core.daemon.log import Journal
from smq_core.jsonl import Source

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.store.base import Store
    from smq_core.testing import ManualClock
    from tests.daemon.inbox.dropping import Drop

NAMES = {
    "not UTF-8": b"\xff\xfe.jsonl",
    "half of a surrogate pair": b"\xed\xa0\x80.jsonl",
    "a line break and an escape": b"a\n\x1b[31m\x9b.jsonl",
    "a direction mark": "a\u202eb.jsonl".encode(),
    "nothing but the suffix": b".jsonl",
    "a dash": b"-rf.jsonl",
    "a percent sign": b"%FF%s{}.jsonl",
    "211 bytes": b"x" * 205 + b".jsonl",
    "212 bytes": b"x" * 206 + b".jsonl",
    "233 bytes": b"x" * 227 + b".jsonl",
    "234 bytes": b"x" * 228 + b".jsonl",
    "255 bytes": b"x" * 249 + b".jsonl",
    "255 bytes, compressed": b"x" * 246 + b".jsonl.gz",
    "255 bytes that are not UTF-8": b"\xff" * 249 + b".jsonl",
    "255 bytes of long characters": ("\U0001f600" * 62).encode() + b".jsonl",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_taken_once_with_its_rejects_and_reports(drop: Drop, name: str) -> None:
    content = b"1\n\xff\n2\n"
    dropped = drop.file(
        os.fsdecode(NAMES[name]), gzip.compress(content) if NAMES[name].endswith(b".gz") else content
    )

    assert drop.inbox.step() == 1
    assert drop.inbox.step() == 0
    assert (drop.size(), dropped.exists()) == (2, False)
    assert len(list(drop.folder.done.iterdir())) == 2
    (rejects,) = drop.folder.rejected.glob("*.rejects")
    assert rejects.read_bytes() == b"\xff\n"
    assert len(list(drop.folder.rejected.iterdir())) == 2
    (report,) = drop.folder.done.glob("*.report.json")
    assert json.loads(report.read_bytes())["rejects_path"] == str(rejects)
    assert "\x1b" not in drop.log.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_that_is_refused_is_put_aside(drop: Drop, name: str) -> None:
    drop.file(os.fsdecode(NAMES[name]), gzip.compress(b"1\n" * 50_000)[:-8])

    assert drop.inbox.step() == 0
    (report,) = drop.folder.rejected.glob("*.report.json")
    assert "damaged" in json.loads(report.read_bytes())["error"]
    assert len(list(drop.folder.rejected.iterdir())) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_claim_of_any_name_that_was_left_behind_goes_on_where_it_was(drop: Drop, name: str) -> None:
    """As a version that gave claims the dropped name could leave it, or a person who moved it there."""
    left = drop.folder.path / ".taking" / os.fsdecode(NAMES[name])
    left.write_bytes(b"1\n\xff\n")

    assert drop.inbox.step() == 1
    (done,) = (path for path in drop.folder.done.iterdir() if not path.name.endswith(".report.json"))
    done.rename(left)
    assert drop.inbox.step() == 1
    assert drop.size() == 1


def test_a_name_that_had_to_be_changed_is_told_with_what_became_of_it(drop: Drop) -> None:
    drop.file(os.fsdecode(b"\xff.jsonl"), b"1\n")
    drop.inbox.step()

    assert "inbox_renamed: %FF.jsonl is imported as " in drop.log.getvalue()


def test_what_is_not_a_regular_file_is_told_of_once_and_stops_no_other(drop: Drop, tmp_path: Path) -> None:
    (drop.folder.path / "link.jsonl").symlink_to(tmp_path)
    (drop.folder.path / "dangling.jsonl").symlink_to("nowhere")
    (drop.folder.path / "loop.jsonl").symlink_to("loop.jsonl")
    (drop.folder.path / "folder.jsonl").mkdir()
    os.mkfifo(drop.folder.path / "pipe.jsonl")
    os.mknod(drop.folder.path / "socket.jsonl", stat.S_IFSOCK | 0o600)
    drop.file("good.jsonl", b"1\n")

    assert [drop.inbox.step() for _ in range(3)] == [1, 0, 0]
    log = drop.log.getvalue()
    for line in (
        "link.jsonl: it is a symbolic link",
        "dangling.jsonl: it is a symbolic link",
        "loop.jsonl: it is a symbolic link",
        "folder.jsonl: it is a folder",
        "pipe.jsonl: it is a named pipe",
        "socket.jsonl: it is a socket",
    ):
        assert log.count(line) == 1


def test_a_file_that_cannot_be_read_waits_alone_until_it_can(
    drop: Drop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = drop.file("locked.jsonl", b"1\n", rested_s=90.0)
    drop.file("good.jsonl", b"2\n")
    really_open = os.open

    def refuse(path: str | Path, flags: int, mode: int = 0o777) -> int:
        if path == locked:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really_open(path, flags, mode)

    with monkeypatch.context() as context:
        context.setattr(os, "open", refuse)
        assert [drop.inbox.step() for _ in range(3)] == [1, 0, 0]
    assert (
        drop.log.getvalue().count(
            "locked.jsonl: cannot be imported: Permission denied: let the daemon's user"
        )
        == 1
    )
    assert locked.exists()

    assert drop.inbox.step() == 0  # it is not time yet
    clock.advance(FIRST_WAIT_S)
    assert drop.inbox.step() == 1
    assert drop.size() == 2


@pytest.mark.parametrize(
    ("place", "number"),
    [
        ("claim", errno.EROFS),
        ("claim", errno.EXDEV),
        ("claim", errno.EIO),
        ("done", errno.EACCES),
        ("done", errno.ENOSPC),
    ],
)
def test_a_file_that_cannot_be_moved_waits_alone_and_is_in_once(
    drop: Drop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, place: str, number: int
) -> None:
    drop.file("stuck.jsonl", b"1\n", rested_s=90.0)
    drop.file("good.jsonl", b"2\n")
    really_rename = type(drop.folder.path).rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name.endswith("stuck.jsonl") and (path.parent == drop.folder.path) == (place == "claim"):
            raise OSError(number, os.strerror(number))
        return really_rename(path, target)

    with monkeypatch.context() as context:
        context.setattr(type(drop.folder.path), "rename", refuse)
        assert [drop.inbox.step() for _ in range(3)] == [1, 0, 0]
    assert drop.log.getvalue().count("inbox_file_waits") == 1
    assert os.strerror(number) in drop.log.getvalue()

    clock.advance(FIRST_WAIT_S)
    assert drop.inbox.step() == 1
    assert drop.size() == 2
    assert sorted(name for name in drop.done() if name.endswith("jsonl")) == ["good.jsonl", "stuck.jsonl"]


def test_a_file_that_breaks_the_import_in_an_unforeseen_way_stops_no_other(
    drop: Drop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.file("odd.jsonl", b"1\n", rested_s=90.0)
    drop.file("good.jsonl", b"2\n")

    def fail(source: Source) -> str:
        if source.name.endswith("odd.jsonl"):
            raise RuntimeError("unforeseen")
        return source.name

    with monkeypatch.context() as context:
        context.setattr(Source, "stored_name", property(fail))
        assert [drop.inbox.step() for _ in range(3)] == [1, 0, 0]
    assert drop.log.getvalue().count("RuntimeError('unforeseen')") == 1

    clock.advance(FIRST_WAIT_S)
    assert drop.inbox.step() == 1


def test_a_file_that_vanishes_before_it_is_claimed_is_not_missed(drop: Drop) -> None:
    path = drop.file("a.jsonl", b"1\n")
    path.unlink()

    assert drop.folder.claim(path, "20200101T000000.000-1") is None


def test_what_cannot_be_taken_is_named_for_the_first_twenty_only(drop: Drop) -> None:
    for number in range(MOST_TOLD + 5):
        (drop.folder.path / f"{number}.jsonl").mkdir()
    drop.inbox.step()

    assert drop.log.getvalue().count("inbox_file_waits") == MOST_TOLD
    assert drop.log.getvalue().count("inbox_files_wait:") == 1
    for number in range(MOST_TOLD + 5):
        (drop.folder.path / f"{number}.jsonl").rmdir()
    drop.inbox.step()
    assert "inbox_files_wait_over" in drop.log.getvalue()


def test_a_folder_that_was_made_again_is_used_again(drop: Drop) -> None:
    shutil.rmtree(drop.folder.path)
    with pytest.raises(FileNotFoundError):
        drop.inbox.step()

    drop.folder.path.mkdir()
    drop.file("a.jsonl", b"1\n\xff\n")
    assert drop.inbox.step() == 1
    assert drop.size() == 1


def test_a_report_that_cannot_be_written_is_told_and_the_file_is_put_away(drop: Drop) -> None:
    drop.file("a.jsonl", b"1\n")
    claim = drop.folder.claim(drop.folder.path / "a.jsonl", "20200101T000000.000-1")
    assert claim is not None
    (drop.folder.done / f"{claim.path.name}.report.json").mkdir()

    assert drop.inbox.step() == 1
    assert "inbox_unreported" in drop.log.getvalue()
    assert drop.inbox.step() == 0


def test_two_daemons_give_claims_of_the_same_moment_different_names(
    drop: Drop, store: Store, clock: ManualClock
) -> None:
    other = Inbox(drop.folder, store, clock, Journal(clock, stream=drop.log), drop.inbox._rules)
    for inbox in (drop.inbox, other):
        drop.file("a.jsonl", b"1\n")
        inbox.step()

    assert drop.done().count("a.jsonl") == 2
