"""An import takes each line exactly once: stopped, broken off, grown, copied, or run twice at a time."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import SmqError, StoreBusy
from smq_core.jsonl import DamagedSourceError, Source, export_lines
from smq_core.jsonl.line import LINE_LIMIT
from smq_core.jsonl.start import Start, find_start
from smq_core.store import open_store
from tests.unit.jsonl.jsonl_desk import bodies, numbered, stop_after, take, texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core.jsonl import ImportStatus
    from smq_core.store.base import Store


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
    assert [(reject.line_number, "was imported earlier" in reject.reason) for reject in report.rejects] == [
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
    with pytest.raises(SmqError, match=r"in\.jsonl, which was already imported \(10 messages\).*--again"):
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
    with pytest.raises(SmqError, match="does not match what the import feed has already read"):
        take(store, "-", stdin=b"1\n3\n", name="feed")


def test_damaged_gzip_keeps_what_came_before_and_goes_on_when_mended(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl.gz"
    whole = gzip.compress(b"".join(b'{"n": "%032x"}\n' % (n * 7919**8 % 2**127) for n in range(20_000)))
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedSourceError, match="damaged or truncated"):
        take(store, file)
    before = len(bodies(store))
    assert before > 0
    file.write_bytes(whole)
    assert take(store, file).taken == 20_000 - before


def test_of_two_imports_of_one_file_at_once_one_goes_on(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(numbered(1, 2_000))

    def run_another(_status: ImportStatus) -> bool:
        take(store, file)
        return True

    with pytest.raises(StoreBusy, match="another import"):
        take(store, file, run_another)
    assert bodies(store) == texts(1, 2_000)


def test_of_two_imports_that_begin_at_once_one_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(numbered(1, 2_000))

    def begin_another(*found: object, **options: object) -> Start:
        monkeypatch.undo()
        start = find_start(*found, **options)  # type: ignore[arg-type]  # handed through
        take(store, file)
        return start

    monkeypatch.setattr("smq_core.jsonl.importing.find_start", begin_another)
    with pytest.raises(StoreBusy, match="another import"):
        take(store, file)
    assert bodies(store) == texts(1, 2_000)


def test_one_file_goes_into_two_queues_at_once(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n")
    other = open_store(tmp_path / "other.sqlite3")
    with Source(file):
        assert take(store, file).taken == take(other, file).taken == 1
    other.close()


def test_a_second_run_under_the_same_name_is_noticed(store: Store) -> None:
    def run_another(status: ImportStatus) -> bool:
        if status.lines == 500:
            take(store, "-", stdin=numbered(1, 2_000), name="feed")
        return True

    with pytest.raises(StoreBusy, match="another import"):
        take(store, "-", run_another, stdin=numbered(1, 2_000), name="feed")
    assert bodies(store) == texts(1, 2_000)


def test_an_export_ends_with_what_was_there_when_it_began(store: Store) -> None:
    take(store, "-", stdin=numbered(1, 250))
    written: list[bytes] = []

    def add_more(_written: int) -> bool:
        take(store, "-", stdin=b"later\n")
        return True

    assert export_lines(store, written.append, progress=add_more) == 250
    assert len(written) == 250


def test_an_export_can_be_stopped(store: Store) -> None:
    take(store, "-", stdin=numbered(1, 450))
    written: list[bytes] = []
    assert export_lines(store, written.append, progress=lambda done: done < 400) == 400


def test_an_import_is_stopped_in_the_middle_of_a_line_that_is_too_long_and_begins_it_again(
    store: Store, tmp_path: Path
) -> None:
    source = tmp_path / "long.jsonl"
    too_long = b"x" * (LINE_LIMIT + 2 * 2**20)
    source.write_bytes(b'"before"\n' + too_long + b'\n"after"\n')
    rejects = tmp_path / "long.jsonl.rejects"
    seen: list[ImportStatus] = []

    def stop_in_the_line(status: ImportStatus) -> bool:
        seen.append(status)
        return len(seen) < 4

    stopped = take(store, source, stop_in_the_line)
    assert (stopped.is_complete, stopped.taken, stopped.rejected) == (False, 1, 0)
    assert len(seen) == 4
    assert rejects.stat().st_size < len(too_long)

    ended = take(store, source)
    assert (ended.is_complete, ended.taken, ended.rejected) == (True, 1, 1)
    assert bodies(store) == ["before", "after"]
    assert rejects.read_bytes() == too_long + b"\n"
    assert [reject.line_number for reject in ended.rejects] == [2]


def test_an_import_that_resumes_tells_what_was_rejected_before_it_stopped(
    store: Store, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b'{"topic": 7, "payload": 1}\n' + b'"x"\n' * 1_000)

    stopped = take(store, source, lambda _status: False)
    ended = take(store, source)

    assert (stopped.is_complete, stopped.rejected, stopped.rejected_before) == (False, 1, 0)
    assert (ended.is_complete, ended.rejected, ended.rejected_before) == (True, 0, 1)
