"""An import takes each line exactly once, whatever happens on the way."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import SmqError, StoreBusy
from smq_core.jsonl import (
    DamagedSourceError,
    ImportOptions,
    ImportReport,
    Source,
    import_lines,
    preview_lines,
)
from smq_core.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smq_core.jsonl import ImportStatus
    from smq_core.store.base import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue.sqlite3")
    yield opened
    opened.close()


def take(
    store: Store,
    path: Path | str,
    progress: Callable[[ImportStatus], bool] | None = None,
    *,
    stdin: bytes = b"",
    **options: object,
) -> ImportReport:
    with Source(path, io.BytesIO(stdin)) as source:
        return import_lines(store, source, ImportOptions(**options), progress=progress)  # type: ignore[arg-type]  # test's own


def bodies(store: Store) -> list[object]:
    with store.transaction():
        return [row[0] for row in store.execute("SELECT payload FROM smq_messages ORDER BY id")]


def numbered(first: int, last: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(first, last + 1))


def texts(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


def stop_after(blocks: int) -> Callable[[ImportStatus], bool]:
    seen = iter(range(1, 1_000))
    return lambda _status: next(seen) < blocks


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


def test_the_same_file_again_adds_nothing(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(numbered(1, 1_000))
    take(store, file)
    again = take(store, file)
    assert (again.taken, again.has_nothing_new) == (0, True)
    assert bodies(store) == texts(1, 1_000)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_stopped_import_goes_on_where_it_was(
    store: Store, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(pack(numbered(1, 5_000)))
    stopped = take(store, file, stop_after(2))
    assert (stopped.taken, stopped.is_complete) == (1_000, False)
    rest = take(store, file)
    assert (rest.began_at_line, rest.taken, rest.last_line) == (1_001, 4_000, 5_000)
    assert bodies(store) == texts(1, 5_000)


def test_an_import_that_broke_off_takes_the_rest_later(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(numbered(1, 2_000))

    def break_off(status: ImportStatus) -> bool:
        if status.lines > 1_000:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        take(store, file, break_off)
    take(store, file)
    assert bodies(store) == texts(1, 2_000)


def test_a_file_that_grew_goes_on(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(numbered(1, 10))
    take(store, file)
    with file.open("ab") as more:
        more.write(numbered(11, 20))
    report = take(store, file)
    assert (report.began_at_line, report.taken) == (11, 10)
    assert bodies(store) == texts(1, 20)


def test_a_last_line_that_only_gets_its_end_later_is_not_taken_twice(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n2")
    take(store, file)
    file.write_bytes(b"1\n2\n3\n")
    report = take(store, file)
    assert (report.taken, report.blank, report.last_line) == (1, 0, 3)
    assert bodies(store) == texts(1, 3)


def test_the_rest_of_a_last_line_that_grew_is_a_reject(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n2")
    take(store, file)
    file.write_bytes(b"1\n234\n5\n")
    report = take(store, file)
    assert [(reject.line_number, "was taken before" in reject.reason) for reject in report.rejects] == [
        (2, True)
    ]
    assert bodies(store) == ["1", "2", "5"]
    assert (tmp_path / "in.jsonl.rejects").read_bytes() == b"34\n"


def test_a_file_whose_beginning_changed_is_a_new_one(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n2\n")
    take(store, file)
    file.write_bytes(b"3\n4\n5\n")
    assert take(store, file).began_at_line == 1
    assert bodies(store) == texts(1, 5)


def test_another_file_with_content_taken_before_is_refused_until_again(store: Store, tmp_path: Path) -> None:
    file, copy = tmp_path / "in.jsonl", tmp_path / "copy.jsonl.gz"
    file.write_bytes(numbered(1, 10))
    copy.write_bytes(gzip.compress(numbered(1, 10)))
    take(store, file)
    with pytest.raises(SmqError, match=r"in\.jsonl, taken before \(10 messages\).*--again"):
        take(store, copy)
    assert bodies(store) == texts(1, 10)
    assert take(store, copy, again=True).taken == 10
    assert bodies(store) == texts(1, 10) * 2


def test_a_copy_of_a_file_that_was_taken_by_half_is_refused(store: Store, tmp_path: Path) -> None:
    file, copy = tmp_path / "in.jsonl", tmp_path / "copy.jsonl"
    file.write_bytes(numbered(1, 2_000))
    shutil.copy(file, copy)
    take(store, file, stop_after(1))
    with pytest.raises(SmqError, match="begins with the 500 lines"):
        take(store, copy)


def test_a_file_that_only_shares_its_beginning_is_taken(store: Store, tmp_path: Path) -> None:
    file, longer = tmp_path / "in.jsonl", tmp_path / "longer.jsonl"
    file.write_bytes(numbered(1, 10))
    longer.write_bytes(numbered(1, 12))
    take(store, file)
    assert take(store, longer).taken == 12


def test_again_takes_a_finished_file_anew_but_goes_on_with_an_unfinished_one(
    store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(numbered(1, 2_000))
    take(store, file, stop_after(1), again=True)
    assert take(store, file, again=True).began_at_line == 501
    assert take(store, file, again=True).taken == 2_000
    assert bodies(store) == texts(1, 2_000) * 2


def test_a_pipe_is_taken_whole_each_time(store: Store) -> None:
    assert take(store, "-", stdin=b"1\n").taken == 1
    assert take(store, "-", stdin=b"1\n").taken == 1
    assert bodies(store) == ["1", "1"]


def test_a_named_pipe_goes_on(store: Store) -> None:
    take(store, "-", stop_after(1), stdin=numbered(1, 700), name="feed")
    assert take(store, "-", stdin=numbered(1, 700), name="feed").began_at_line == 501
    assert take(store, "-", stdin=numbered(1, 700), name="feed").has_nothing_new
    assert bodies(store) == texts(1, 700)


def test_a_named_pipe_that_brings_something_else_is_refused(store: Store) -> None:
    take(store, "-", stdin=b"1\n2\n", name="feed")
    with pytest.raises(SmqError, match="not what the import feed has taken"):
        take(store, "-", stdin=b"1\n3\n", name="feed")


def test_rejects_are_kept_as_they_came_and_can_be_imported_when_mended(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    bad = b'{"topic": "", "payload": 2}\r'
    file.write_bytes(b"1\n" + bad + b"\n3\n\xff\n")
    report = take(store, file)
    rejects = tmp_path / "in.jsonl.rejects"
    assert rejects.read_bytes() == bad + b"\n\xff\n"
    assert report.rejects_path == str(rejects)
    reasons_file = tmp_path / "in.jsonl.rejects.reasons.jsonl"
    reasons = [json.loads(line) for line in reasons_file.read_bytes().splitlines()]
    assert [reason["line"] for reason in reasons] == [2, 4]
    assert [reason["reason"] for reason in reasons] == [reject.reason for reject in report.rejects]
    assert rejects.stat().st_mode & 0o077 == 0
    rejects.write_bytes(b'{"topic": "t", "payload": 2}\n4\n')
    assert take(store, rejects).taken == 2
    assert bodies(store) == ["1", "3", "2", "4"]


def test_rejects_are_not_doubled_by_a_run_that_broke_off(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes((b"1\n" * 499 + b"\xff\n") * 3)

    class BrokenOffError(Exception):
        pass

    real = store.restore_many

    def fail_in_the_third_block(*args: object) -> tuple[list[int], int]:
        if (tmp_path / "in.jsonl.rejects").exists() and _rejected(tmp_path) == 3:
            raise BrokenOffError
        return real(*args)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(store, "restore_many", fail_in_the_third_block)
    with pytest.raises(BrokenOffError):
        take(store, file)
    monkeypatch.undo()
    assert _rejected(tmp_path) == 3
    take(store, file)
    assert _rejected(tmp_path) == 3
    assert len(bodies(store)) == 3 * 499


def _rejected(folder: Path) -> int:
    return len((folder / "in.jsonl.rejects").read_bytes().splitlines())


def test_a_mended_rejects_file_is_not_cut_when_its_source_grows(store: Store, tmp_path: Path) -> None:
    file, rejects = tmp_path / "in.jsonl", tmp_path / "in.jsonl.rejects"
    file.write_bytes(b"\xff\n")
    take(store, file)
    rejects.write_bytes(b"mended to something longer\n")
    file.write_bytes(b"\xff\n\xfe\n")
    take(store, file)
    assert rejects.read_bytes() == b"mended to something longer\n\xfe\n"


def test_a_line_over_the_limit_is_a_reject_and_the_lines_around_it_go_in(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smq_core.jsonl.reader.LineReader.__init__.__kwdefaults__", {"line_limit": 1_000})
    monkeypatch.setattr("smq_core.jsonl.importing.LINE_LIMIT", 1_000)
    file = tmp_path / "in.jsonl"
    long, longer = b"y" * 2_000, b"x" * 300_000
    file.write_bytes(b"1\n" + long + b"\n2\n" + longer + b"\n3\n")
    report = take(store, file)
    assert bodies(store) == ["1", "2", "3"]
    assert [reject.line_number for reject in report.rejects] == [2, 4]
    assert (tmp_path / "in.jsonl.rejects").read_bytes() == long + b"\n" + longer + b"\n"


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


def test_damaged_gzip_keeps_what_came_before_and_goes_on_when_mended(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl.gz"
    whole = gzip.compress(b"".join(b'{"n": "%032x"}\n' % (n * 7919**8 % 2**127) for n in range(20_000)))
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedSourceError, match="damaged or ends early"):
        take(store, file)
    before = len(bodies(store))
    assert before > 0
    file.write_bytes(whole)
    assert take(store, file).taken == 20_000 - before


def test_two_imports_of_one_file_at_once_exclude_each_other(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n")
    with Source(file), pytest.raises(StoreBusy, match="another import"):
        Source(file)


def test_a_second_run_under_the_same_name_is_noticed(store: Store) -> None:
    def run_another(status: ImportStatus) -> bool:
        if status.lines == 500:
            take(store, "-", stdin=numbered(1, 2_000), name="feed")
        return True

    with pytest.raises(StoreBusy, match="another import"):
        take(store, "-", run_another, stdin=numbered(1, 2_000), name="feed")
    assert bodies(store) == texts(1, 2_000)


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
