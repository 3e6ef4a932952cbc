from __future__ import annotations

import gzip
import json
import os
import shutil
from typing import TYPE_CHECKING

from smq_core.daemon.inbox.blocked_files import FIRST_WAIT_S
from smq_core.derived_file import make_derived
from smq_core.jsonl import rejects
from tests.daemon.inbox.dropping import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from smq_core.testing import ManualClock
    from tests.daemon.inbox.dropping import Drop


def test_a_file_is_taken_and_put_away_with_its_report(drop: Drop) -> None:
    drop.file("a.jsonl", b'{"topic": "mail", "payload": 1}\n"text"\n')

    assert drop.inbox.step() == 1
    assert (drop.size("mail"), drop.size()) == (1, 1)
    assert drop.done() == ["a.jsonl", "a.jsonl.report.json"]
    (report,) = drop.folder.done.glob("*.report.json")
    assert json.loads(report.read_bytes())["taken"] == 2


def test_a_compressed_file_is_taken(drop: Drop) -> None:
    drop.file("a.jsonl.gz", gzip.compress(b"1\n2\n3\n"))
    drop.inbox.step()

    assert drop.size() == 3


def test_the_same_content_dropped_again_is_taken_again(drop: Drop) -> None:
    for _ in range(2):
        drop.file("a.jsonl", b"1\n2\n")
        drop.inbox.step()

    assert drop.size() == 4
    assert drop.done().count("a.jsonl") == 2


def test_a_file_that_was_just_written_is_left_until_it_rests(drop: Drop, clock: ManualClock) -> None:
    drop.file("a.jsonl", b"1\n", rested_s=0.5)
    assert drop.inbox.step() == 0

    clock.advance(0.5)
    assert drop.inbox.step() == 1


def test_a_file_that_somebody_has_open_for_writing_is_left(drop: Drop) -> None:
    path = drop.file("a.jsonl", b"1\n")
    with path.open("ab"):
        assert drop.inbox.step() == 0

    assert drop.inbox.step() == 1


def test_other_names_links_and_folders_are_left_alone(drop: Drop, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jsonl"
    secret.write_bytes(b"1\n")
    drop.file("notes.txt", b"1\n")
    (drop.folder.path / "link.jsonl").symlink_to(secret)
    (drop.folder.path / "folder.jsonl").mkdir()
    os.mkfifo(drop.folder.path / "pipe.jsonl")

    assert drop.inbox.step() == 0
    assert drop.size() == 0


def test_lines_that_cannot_be_taken_lie_among_the_rejected(drop: Drop) -> None:
    drop.file("a.jsonl", b"1\n\xff\n2\n")
    drop.inbox.step()

    (rejects,) = drop.folder.rejected.glob("*.rejects")
    assert rejects.read_bytes() == b"\xff\n"
    assert drop.size() == 2


def test_a_damaged_file_is_refused_and_its_good_lines_are_in(drop: Drop) -> None:
    drop.file("a.jsonl.gz", gzip.compress(b"1\n" * 50_000)[:-8])
    drop.inbox.step()

    (refused,) = drop.folder.rejected.glob("*.jsonl.gz")
    assert refused.exists()
    assert "damaged" in drop.log.getvalue()


def test_a_claimed_file_that_a_killed_daemon_left_goes_on_where_it_was(drop: Drop) -> None:
    """Claimed, taken whole, and killed before it was put away: it adds nothing more."""
    path = drop.file("a.jsonl", b"1\n2\n3\n")
    claim = drop.folder.claim(path, "20200101T000000.000-1")
    assert claim is not None
    drop.inbox.step()
    put_away = next(drop.folder.done.glob("*-a.jsonl"))
    put_away.rename(claim.path)

    assert drop.inbox.step() == 1
    assert drop.size() == 3


def test_a_file_that_could_not_be_put_away_is_reported_with_what_was_taken_of_it(
    drop: Drop, clock: ManualClock
) -> None:
    """Taken by the first try, moved by the second, which adds nothing."""
    claim = drop.folder.claim(drop.file("a.jsonl", b"1\n\xff\n2\n"), "20200101T000000.000-1")
    assert claim is not None
    (drop.folder.done / claim.path.name / "in the way").mkdir(parents=True)
    assert drop.inbox.step() == 0
    assert drop.size() == 2

    shutil.rmtree(drop.folder.done / claim.path.name)
    clock.advance(FIRST_WAIT_S)
    assert drop.inbox.step() == 1
    assert drop.size() == 2
    report = report_of(drop)
    assert (report["taken"], report["rejected"], report["last_line"]) == (2, 1, 3)
    assert report["rejects_path"] == str(claim.rejects)
    assert (
        "2 messages added, 1 line rejected, before the file could be moved out of the inbox"
        in drop.log.getvalue()
    )
    assert "already" not in drop.log.getvalue()


def test_a_file_that_a_killed_daemon_took_is_reported_with_what_it_had_taken(drop: Drop) -> None:
    claim = drop.folder.claim(drop.file("a.jsonl", b"1\n2\n3\n"), "20200101T000000.000-1")
    assert claim is not None
    drop.inbox.step()
    (drop.folder.done / claim.path.name).rename(claim.path)
    drop.inbox.step()

    assert report_of(drop)["taken"] == 3


def test_a_file_that_grew_is_reported_as_a_whole(drop: Drop) -> None:
    claim = drop.folder.claim(drop.file("a.jsonl", b"1\n2\n"), "20200101T000000.000-1")
    assert claim is not None
    drop.inbox.step()
    (drop.folder.done / claim.path.name).rename(claim.path)
    with claim.path.open("ab") as file:
        file.write(b"3\n")
    drop.inbox.step()

    assert (drop.size(), report_of(drop)["taken"], report_of(drop)["last_line"]) == (3, 3, 3)
    assert "3 messages added, 0 lines rejected" in drop.log.getvalue().splitlines()[-1]


def report_of(drop: Drop) -> dict[str, object]:
    """Read the one report."""
    (path,) = drop.folder.done.glob("*.report.json")
    report: dict[str, object] = json.loads(path.read_bytes())
    return report


def test_two_daemons_that_put_the_same_file_away_do_not_disturb_each_other(drop: Drop) -> None:
    claim = drop.folder.claim(drop.file("a.jsonl", b"1\n"), "20200101T000000.000-1")
    assert claim is not None

    assert claim.finish(is_refused=False) is not None
    assert claim.finish(is_refused=False) is None


def test_a_file_that_grew_after_it_was_claimed_is_taken_to_its_end(drop: Drop) -> None:
    path = drop.file("a.jsonl", b"1\n")
    claim = drop.folder.claim(path, "20200101T000000.000-1")
    assert claim is not None
    drop.inbox.step()
    put_away = next(drop.folder.done.glob("*-a.jsonl"))
    put_away.rename(claim.path)
    with claim.path.open("ab") as file:
        file.write(b"2\n")

    drop.inbox.step()

    assert drop.size() == 2


def test_a_small_file_that_unpacks_to_more_than_the_limit_is_refused_whole(drop: Drop) -> None:
    bomb = drop.file("a.jsonl.gz", gzip.compress(b"1\n" * (LIMIT // 2) + b"2\n", 1))
    assert bomb.stat().st_size < LIMIT / 100

    assert drop.inbox.step() == 0
    assert drop.size() == 0
    (report,) = drop.folder.rejected.glob("*.report.json")
    assert "it has more than" in json.loads(report.read_bytes())["error"]


def test_a_compressed_file_of_exactly_the_limit_is_measured_and_taken(drop: Drop) -> None:
    line = b"x" * 999_999 + b"\n"
    drop.file("a.jsonl.gz", gzip.compress(line * (LIMIT // len(line)), 1))

    assert drop.inbox.step() == 1
    assert drop.size() == LIMIT // len(line)


def test_a_file_that_is_too_long_as_it_lies_is_refused_whole(drop: Drop) -> None:
    path = drop.file("a.jsonl", b"1\n")
    os.truncate(path, LIMIT + 1)
    os.utime(path, (0, 0))

    assert drop.inbox.step() == 0
    assert drop.size() == 0
    assert "more than" in drop.log.getvalue()


def test_a_damaged_file_is_as_long_as_what_comes_before_the_damage(drop: Drop) -> None:
    drop.file("a.jsonl.gz", gzip.compress(b"x" * LIMIT + b"\n" * 10)[:-8])

    assert drop.inbox.step() == 0
    assert "damaged" in drop.log.getvalue()


def test_a_file_whose_rejects_find_no_room_waits_for_it_alone(
    drop: Drop, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device that is always full stands in for the disk, until there is room."""
    drop.file("a.jsonl", b"1\n\xff\n2\n")
    claim = drop.folder.claim(drop.folder.path / "a.jsonl", "20200101T000000.000-1")
    assert claim is not None
    drop.file("good.jsonl", b"1\n")
    with monkeypatch.context() as full:
        # a link to the device would not be followed
        full.setattr(
            rejects,
            "open_or_make_derived",
            lambda path: os.open("/dev/full", os.O_RDWR) if path == claim.rejects else make_derived(path),
        )
        assert drop.inbox.step() == 1
    assert "No space left on device" in drop.log.getvalue()
    assert claim.exists()

    clock.advance(FIRST_WAIT_S)
    assert drop.inbox.step() == 1
    assert drop.size() == 3
