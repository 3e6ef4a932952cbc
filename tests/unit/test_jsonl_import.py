"""What an import does with lines, and what it tells of it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import SmqError
from smq_core.jsonl import ImportOptions, Source, preview_lines
from tests.unit.jsonl_desk import bodies, numbered, take, texts

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.jsonl import ImportStatus
    from smq_core.store.base import Store


def test_lines_become_messages_in_their_order_and_are_counted(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"topic": "a", "payload": 1}\r\n"two"\r\n\nthree\n[4]\n{"five"\n')
    report = take(store, file, topic="rest")
    assert bodies(store) == ["1", "two", "three", "[4]", '{"five"']
    assert report.topics == {
        "a": {"objects": 1},
        "rest": {"broken": 1, "strings": 1, "texts": 1, "values": 1},
    }
    assert (report.taken, report.blank, report.rejected, report.broken) == (5, 1, 0, 1)
    assert report.last_line == 6


def test_gzip_is_known_by_its_content(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(gzip.compress(numbered(1, 3)) + gzip.compress(numbered(4, 5)))
    assert take(store, file).taken == 5
    assert take(store, "-", stdin=gzip.compress(numbered(6, 6))).taken == 1
    assert bodies(store) == texts(1, 6)


def test_a_held_key_adds_nothing_and_is_counted(store: Store) -> None:
    line = b'{"topic": "t", "payload": %d, "key": "k"}\n'
    report = take(store, "-", stdin=line % 1 + b"2\n" + line % 3 + b"4\n")
    assert (report.taken, report.held) == (3, 1)
    assert bodies(store) == ["1", "2", "4"]


def test_ids_follow_the_lines_with_and_without_keys(store: Store) -> None:
    lines = [
        b'{"topic": "t", "payload": %d, "key": "%d"}\n' % (n, n) if n % 3 == 0 else b"%d\n" % n
        for n in range(200)
    ]
    take(store, "-", stdin=b"".join(lines))
    assert bodies(store) == texts(0, 199)


def test_a_dry_run_reports_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n\xff\n3\n")
    with Source(file) as source:
        report = preview_lines(store, source, ImportOptions())
    assert (report.taken, report.rejected, report.is_dry_run, report.rejects_path) == (2, 1, True, None)
    assert bodies(store) == []
    assert not (tmp_path / "in.jsonl.rejects").exists()


def test_a_dry_run_without_a_database_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n")
    with Source(file) as source:
        assert preview_lines(None, source, ImportOptions()).taken == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_file_may_have_any_name(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "\udcff.jsonl"
    file.write_bytes(b"1\n")
    assert take(store, file).taken == 1
    assert take(store, file).has_nothing_new


@pytest.mark.parametrize(("name", "reason"), [("folder", "is a folder"), ("missing.jsonl", "cannot be read")])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SmqError, match=reason):
        Source(tmp_path / name)


def test_progress_tells_bytes_rate_and_time_left(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(numbered(1, 100_000))
    seen: list[ImportStatus] = []

    def see(status: ImportStatus) -> bool:
        seen.append(status)
        return True

    take(store, file, see)
    assert seen[-1].lines == 100_000
    assert seen[-1].bytes_read == seen[-1].size == file.stat().st_size
    assert seen[-1].left_s == 0
    assert (seen[0].left_s or 0) > 0
    assert seen[0].lines_per_s > 0
