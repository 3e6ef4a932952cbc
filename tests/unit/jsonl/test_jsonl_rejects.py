"""Lines that cannot be taken are kept as they came, once each, with number and reason."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core.errors import InvalidLine, SmqError, StoreBusy
from smq_core.jsonl.rejects import Rejects
from tests.unit.jsonl.jsonl_desk import bodies, take

if TYPE_CHECKING:
    from pathlib import Path

    from smq_core.store.base import Store


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
    monkeypatch.setattr("smq_core.jsonl.line.LINE_LIMIT", 1_000)
    file = tmp_path / "in.jsonl"
    long, longer = b"y" * 2_000, b"x" * 300_000
    file.write_bytes(b"1\n" + long + b"\n2\n" + longer + b"\n3\n")
    report = take(store, file)
    assert bodies(store) == ["1", "2", "3"]
    assert [reject.line_number for reject in report.rejects] == [2, 4]
    assert (tmp_path / "in.jsonl.rejects").read_bytes() == long + b"\n" + longer + b"\n"


def test_a_last_line_that_grew_over_the_limit_spoils_nothing_after_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smq_core.jsonl.reader.LineReader.__init__.__kwdefaults__", {"line_limit": 1_000})
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n2")
    take(store, file)
    file.write_bytes(b"1\n2" + b"x" * 300_000 + b"\n3\n")
    report = take(store, file)
    assert [reject.line_number for reject in report.rejects] == [2]
    assert bodies(store) == ["1", "2", "3"]


@pytest.mark.parametrize("path", ["-", "/dev/fd/{}"])
def test_the_rejects_of_a_pipe_are_in_the_current_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    reading, writing = os.pipe()
    os.write(writing, b"\xff\n")
    os.close(writing)
    report = take(store, path.format(reading), stdin=b"\xff\n")
    os.close(reading)
    assert report.rejects_path == str(tmp_path / "stdin.rejects")
    assert (tmp_path / "stdin.rejects").read_bytes() == b"\xff\n"


def test_two_imports_do_not_write_rejects_into_each_other(store: Store, tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "rejects", None)
    rejects.add(InvalidLine(1, "bad"), iter([b"bad"]))
    with pytest.raises(StoreBusy, match="another import is writing to"):
        take(store, "-", stdin=b"\xff\n", rejects=tmp_path / "rejects")
    rejects.close()
    assert (tmp_path / "rejects").read_bytes() == b"bad\n"


@pytest.mark.parametrize("name", ["missing/rejects", "folder"])
def test_rejects_that_cannot_be_kept_stop_the_import(store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.reasons.jsonl").mkdir()
    with pytest.raises(SmqError, match="rejects cannot be written to"):
        take(store, "-", stdin=b"1\n\xff\n", rejects=tmp_path / name)
    assert bodies(store) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no device is always full")
def test_rejects_for_which_there_is_no_room_stop_the_import(store: Store, tmp_path: Path) -> None:
    full = tmp_path / "rejects"
    full.symlink_to("/dev/full")
    with pytest.raises(SmqError, match=r"rejects cannot be written to .*No space left"):
        take(store, "-", stdin=b"1\n\xff\n", rejects=full, is_rejects_typed=True)
    assert bodies(store) == []
