"""What an import does with lines, and what it tells of it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import SmqError
from smq_core.jsonl import ImportOptions, Source, preview_lines
from tests.unit.jsonl.jsonl_desk import bodies, numbered, stop_after, take, texts

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.jsonl import ImportStatus
    from smq_core.store.base import Store


def test_lines_become_messages_in_their_order_and_are_counted(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"topic": "a", "payload": 1}\r\n"two"\r\n\nthree\n[4]\n{"five"\n')
    report = take(store, file, topic="rest", is_strict=False)
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
    lines = line % 1 + b"2\n" + line % 3 + b"4\n"
    report = take(store, "-", stdin=lines, skips_held=True)
    assert (report.taken, report.held, report.topics) == (
        3,
        1,
        {"default": {"values": 2}, "t": {"objects": 1}},
    )
    assert [line.line_number for line in report.held_lines] == [3]


def test_a_line_whose_key_is_held_is_a_reject(store: Store, tmp_path: Path) -> None:
    line = b'{"topic": "t", "payload": %d, "key": "k"}\n'
    file = tmp_path / "in.jsonl"
    file.write_bytes(line % 1 + b"2\n" + line % 3 + b"4\n")
    report = take(store, file)
    assert (report.taken, report.held, report.rejected) == (3, 0, 1)
    assert report.rejects[0].line_number == 3
    assert (tmp_path / "in.jsonl.rejects").read_bytes() == line % 3
    assert bodies(store) == ["1", "2", "4"]


@pytest.mark.parametrize("state", ["done", "dead", "deleted"])
@pytest.mark.parametrize("other", ["t", "other"])
def test_a_key_is_held_by_an_unfinished_message_of_its_topic_only(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, other: str
) -> None:
    """A preview sees the same as the import that follows."""
    monkeypatch.chdir(tmp_path)
    finished = b'{"topic": "t", "payload": 0, "key": "k", "state": "%s"}\n' % state.encode()
    take(store, "-", stdin=finished + b'{"topic": "t", "payload": 0, "key": "held"}\n')
    lines = b'{"topic": "%s", "payload": 1, "key": "k"}\n{"topic": "%s", "payload": 1, "key": "held"}\n'
    stdin = lines % (other.encode(), other.encode()) + finished
    with Source("-", io.BytesIO(stdin)) as source:
        preview = preview_lines(store, source, ImportOptions())
    report = take(store, "-", stdin=stdin)
    assert report.rejected == preview.rejected == (1 if other == "t" else 0)
    assert report.taken == preview.taken


def test_a_killed_import_keeps_each_line_whose_key_is_held_once(store: Store, tmp_path: Path) -> None:
    line = b'{"topic": "t", "payload": %d, "key": "%d"}\n'
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"".join(line % (n, n // 2) for n in range(4_000)))
    take(store, file, stop_after(3))
    rest = take(store, file)
    assert (rest.taken, rest.rejected) == (1_250, 1_250)
    kept = (tmp_path / "in.jsonl.rejects").read_bytes()
    assert kept == b"".join(line % (n, n // 2) for n in range(1, 4_000, 2))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bz2.compress(b"1\n"), "compressed with bzip2: pipe it in"),
        (lzma.compress(b"1\n"), "compressed with xz: pipe it in"),
        ('{"a": 1}\n'.encode("utf-16"), "in UTF-16"),
        ('{"a": 1}\n'.encode("utf-16-le"), "in UTF-16"),
        ('{"a": 1}\n'.encode("utf-16-be"), "in UTF-16"),
        ("plain text\n".encode("utf-16"), "in UTF-16"),
        ('{"a": 1}\n'.encode("utf-32"), "in UTF-32"),
        (gzip.compress('{"a": 1}\n'.encode("utf-16")), "in UTF-16"),
        (b"PK\3\4rest", "a zip archive"),
        (b"\x28\xb5\x2f\xfdrest", "compressed with zstd"),
    ],
)
def test_what_is_neither_utf_8_nor_gzip_is_refused(
    store: Store, tmp_path: Path, data: bytes, words: str
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(data)
    with pytest.raises(SmqError, match=words) as refused:
        take(store, file)
    assert refused.value.exit_code == 65
    with pytest.raises(SmqError, match=words):
        take(store, "-", stdin=data)
    assert bodies(store) == []


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
