"""`smq import` and `smq export` as commands: what they print and how they end."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue
from smq_core.cli import exporting
from smq_core.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from tests.cli.conftest import Smq

LINES = b'{"topic": "a", "payload": 1}\n"two"\nthree\n[4]\n{"five"\n\n'


def timeless(report: str) -> str:
    """Return a report without how long it took, which is left out when it was no time."""
    return re.sub(r" in [\d.]+m?s, [\d,]+ lines a second", "", report)


def test_the_report_counts_by_topic_and_shape(smq: Smq) -> None:
    ran = smq("import", "-", stdin=LINES)
    assert (ran.code, timeless(ran.out), ran.err) == (
        0,
        (
            "5 messages added from standard input\n"
            "topic    lines  objects  strings  values  texts  broken\n"
            "a            1        1        0       0      0       0\n"
            "default      4        0        1       1      1       1\n"
            "total        5        1        1       1      1       1\n"
        ),
        (
            "1 line looked like JSON but did not parse, and was imported as text "
            "(--strict rejects such lines):\n"
            "  line 5\n"
            "1 blank line\n"
        ),
    )


def test_rejects_end_with_65_and_say_where_they_are(smq: Smq, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n\xff\n3\n")
    ran = smq("import", str(file))
    assert ran.code == 65
    assert timeless(ran.out).startswith(f"2 messages added from {file}\n")
    assert ran.err == (
        "1 line rejected\n"
        f"  rejected lines: {file}.rejects; reasons: {file}.rejects.reasons.jsonl\n"
        "line 2: not UTF-8 at byte 1\n"
    )


DUMP = b"".join(
    b'{"topic": "orders", "key": "customer-%d", "payload": %d}\n' % (n % 10, n) for n in range(1_000)
)
"""What another queue wrote, in which a key is not unique."""


def test_lines_whose_key_is_held_are_rejects_with_a_reason(smq: Smq, tmp_path: Path) -> None:
    (tmp_path / "dump.jsonl").write_bytes(DUMP)
    file = str(tmp_path / "dump.jsonl")
    preview = smq("import", file, "--dry-run")
    ran = smq("import", file)

    assert (preview.code, "10 messages would be added" in preview.out) == (65, True)
    assert "990 lines would be rejected" in preview.err
    assert (ran.code, "10 messages added" in ran.out, "990 lines rejected" in ran.err) == (65, True, True)
    assert "line 11: an unfinished message of orders already has its key, customer-0" in ran.err
    assert (tmp_path / "dump.jsonl.rejects").read_bytes() == b"".join(DUMP.splitlines(keepends=True)[10:])


def test_lines_whose_key_is_held_can_be_left_out(smq: Smq, tmp_path: Path) -> None:
    (tmp_path / "dump.jsonl").write_bytes(DUMP)
    file = str(tmp_path / "dump.jsonl")
    preview = smq("import", file, "--duplicates", "skip", "--dry-run", "--json")
    ran = smq("import", file, "--duplicates", "skip")

    assert (ran.code, preview.code, "10 messages added" in ran.out) == (0, 0, True)
    assert (
        ran.err
        == "990 lines skipped because unfinished messages already have their keys:\n  lines 11 to 1,000\n"
    )
    told = json.loads(preview.out)
    assert (told["taken"], told["held"], told["held_lines"][0]["line"]) == (10, 990, 11)
    assert not (tmp_path / "dump.jsonl.rejects").exists()


BROKEN = b'{"topic": "t", "payload": 1}\n{"topic": "t", "payload": {"a": 1}\n\0\0{"topic": "t"}\nplain\n'


@pytest.mark.parametrize(
    ("name", "flags", "code"),
    [
        ("in.jsonl", [], 65),
        ("in.JSONL.gz", [], 65),
        ("in.ndjson", [], 65),
        ("in.txt", [], 0),
        ("in", [], 0),
        ("in.jsonl", ["--text"], 0),
        ("in.txt", ["--strict"], 65),
    ],
)
def test_a_line_that_begins_as_json_and_is_none_is_judged_by_the_name_or_the_flag(
    smq: Smq, tmp_path: Path, name: str, flags: list[str], code: int
) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(BROKEN) if name.endswith("gz") else BROKEN)
    ran = smq("import", str(file), *flags)

    assert ran.code == code
    assert f"{2 if code else 4} messages added" in ran.out
    if code:
        assert "line 2: it starts like JSON but does not parse" in ran.err
        assert "line 3: it starts like JSON but does not parse" in ran.err
    else:
        assert "2 lines looked like JSON but did not parse, and were imported as text" in ran.err
        assert "  lines 2 to 3\n" in ran.err


@pytest.mark.parametrize(
    ("written", "is_told"),
    [
        (b'[\n  {"topic": "t", "payload": 1},\n  {"topic": "t", "payload": 2}\n]\n', True),
        (b'[{"topic": "t", "payload": 1},\n{"topic": "t", "payload": 2}]', True),
        (b'[{"topic": "t", "payload": 1}, {"topic": "t", "payload": 2}]\n', True),
        (b"[1, 2]\n", False),
        (b"[1]\n[2]\n", False),
        (b'{"topic": "t", "payload": [1]}\n', False),
    ],
)
def test_a_file_that_is_one_json_array_is_pointed_out(
    smq: Smq, tmp_path: Path, written: bytes, *, is_told: bool
) -> None:
    file = tmp_path / "array.json"
    file.write_bytes(written)
    ran = smq("import", str(file), "--dry-run")

    assert ("looks like a single JSON array" in ran.err) is is_told


def test_strict_rejects_broken_json(smq: Smq, tmp_path: Path) -> None:
    rejects = tmp_path / "mend.me"
    ran = smq("import", "-", "--strict", "--rejects", str(rejects), stdin=b'1\n{"a"\n')
    assert (ran.code, rejects.read_bytes()) == (65, b'{"a"\n')


def test_a_dry_run_adds_nothing(smq: Smq, location: str) -> None:
    ran = smq("import", "-", "--dry-run", stdin=b"1\n\xff\n")
    assert ran.code == 65
    assert ran.out.startswith("1 message would be added from standard input\n")
    assert ran.err == "1 line would be rejected\nline 2: not UTF-8 at byte 1\n"
    with Inspector(location) as view:
        assert view.topics() == []


def test_a_dry_run_makes_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n")
    assert run(["import", str(file), "--sqlite", str(tmp_path / "none.sqlite3"), "--dry-run"]) == 0
    assert "1 message would be added" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_the_same_file_again_says_so_and_ends_well(smq: Smq, tmp_path: Path) -> None:
    file, copy = tmp_path / "in.jsonl", tmp_path / "copy.jsonl"
    for one in (file, copy):
        one.write_bytes(b"1\n2\n")
    smq("import", str(file))
    assert smq("import", str(file)) == (0, f"nothing new in {file}: its 2 lines were already imported\n", "")
    refused = smq("import", str(copy))
    assert (refused.code, "--again" in refused.err) == (1, True)
    assert smq("import", str(copy), "--again").out.startswith("2 messages added")


def test_the_same_file_again_still_says_that_lines_were_rejected(smq: Smq, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'1\n{"topic": 7, "payload": 1}\n2\n')
    assert smq("import", str(file)).code == 65
    said = f"nothing new in {file}: its 3 lines were read before, 1 of them rejected\n"

    assert smq("import", str(file)) == (65, said, "")
    assert smq("import", str(file), "--dry-run") == (65, said, "")
    again = smq("import", str(file), "--json")
    assert (again.code, json.loads(again.out)["rejected_before"]) == (65, 1)


def test_a_file_that_has_grown_still_says_that_lines_were_rejected(smq: Smq, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'{"topic": 7, "payload": 1}\n')
    smq("import", str(file))
    with file.open("ab") as grown:
        grown.write(b"2\n")
    ran = smq("import", str(file))

    assert ran.code == 65
    assert ran.out.startswith("resumed at line 2\n1 message added")
    assert ran.err == "1 line rejected by earlier runs of this import\n"


def test_the_keys_that_were_left_out_are_not_rejects_the_next_time(smq: Smq, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'{"topic": "t", "payload": 1, "key": "k"}\n' * 2)
    assert smq("import", str(file), "--duplicates", "skip").code == 0
    assert smq("import", str(file), "--duplicates", "skip").code == 0


def test_a_named_pipe_still_says_that_lines_were_rejected(smq: Smq, tmp_path: Path) -> None:
    lines = b'1\n{"topic": 7, "payload": 1}\n'
    rejects = str(tmp_path / "rejects")
    assert smq("import", "-", "--resume", "feed", "--rejects", rejects, stdin=lines).code == 65
    ran = smq("import", "-", "--resume", "feed", stdin=lines + b"2\n")

    assert (ran.code, ran.err) == (65, "1 line rejected by earlier runs of this import\n")


def test_a_named_pipe_goes_on(smq: Smq) -> None:
    smq("import", "-", "--resume", "feed", stdin=b"1\n2\n")
    ran = smq("import", "-", "--resume", "feed", stdin=b"1\n2\n3\n")
    assert ran.out.startswith("resumed at line 3\n1 message added")


def test_the_report_as_json(smq: Smq) -> None:
    report = json.loads(smq("import", "-", "--json", "--topic", "rest", stdin=b"1\n").out)
    assert (report["taken"], report["topics"]) == (1, {"rest": {"values": 1}})


@pytest.mark.parametrize(("file", "words"), [("missing.jsonl", "cannot be read"), (".", "is a folder")])
def test_what_cannot_be_read_is_refused(smq: Smq, file: str, words: str) -> None:
    ran = smq("import", file)
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(
    smq: Smq, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b"1\n")

    def press(*_: object, **__: object) -> list[int]:
        raise KeyboardInterrupt

    monkeypatch.setattr("smq_core.jsonl.import_recorder.StoreRecorder.add", press)
    ran = smq("import", str(file))
    assert (ran.code, "run the same command to resume" in ran.err) == (130, True)
    monkeypatch.undo()


def test_an_export_is_what_an_import_reads(smq: Smq, tmp_path: Path) -> None:
    smq("import", "-", stdin=LINES)
    ran = smq("export")
    assert ran.err == "5 messages written\n"
    other = tmp_path / "other.sqlite3"
    file = tmp_path / "out.jsonl"
    file.write_text(ran.out)
    assert run(["import", str(file), "--db", str(other)]) == 0
    assert smq("export", "-o", str(tmp_path / "again.jsonl")).code == 0
    assert (tmp_path / "again.jsonl").read_text() == ran.out


def test_an_export_is_by_topic_and_state(smq: Smq) -> None:
    smq("import", "-", stdin=LINES)
    assert len(smq("export", "--topic", "default", "--state", "ready").out.splitlines()) == 4
    assert smq("export", "--state", "dead") == (0, "", "0 messages written\n")


@pytest.mark.parametrize("is_to_file", [True, False])
def test_an_export_writes_what_was_in_the_state_when_it_began(
    smq: Smq,
    location: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_to_file: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Others change messages between the look for what is meant and the first line."""
    opened = exporting._opened

    @contextlib.contextmanager
    def meddled(target: str | None) -> Iterator[BinaryIO]:
        with Inspector(location) as other:
            other.bury([1])
            other.requeue([4])
            other.purge("mail", "dead")
        with opened(target) as file:
            yield file

    with Queue(location) as queue, Inspector(location) as view:
        queue.enqueue_many("mail", ["a", "b", "c", "d"])
        view.bury([4])
        monkeypatch.setattr(exporting, "_opened", meddled)
        target = tmp_path / "out.jsonl"
        ran = smq(
            "export", "--topic", "mail", "--state", "ready", *(["-o", str(target)] if is_to_file else [])
        )

    lines = (target.read_text() if is_to_file else ran.out).splitlines()
    assert [json.loads(line)["payload"] for line in lines] == ["b", "c"]
    assert (ran.code, ran.err.splitlines()) == (
        0,
        ["2 messages written", "1 more was processed or purged before it could be written"],
    )


def test_an_export_writes_over_nothing(smq: Smq, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text("precious")
    ran = smq("export", "-o", str(file))
    assert (ran.code, file.read_text()) == (1, "precious")


def test_an_export_that_cannot_be_written_says_so(smq: Smq, tmp_path: Path) -> None:
    ran = smq("export", "-o", str(tmp_path / "missing" / "out.jsonl"))
    assert ran.code == 1
    assert f"{tmp_path}/missing/out.jsonl cannot be written: No such file" in ran.err


def test_an_export_of_no_queue_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "--db", str(tmp_path / "none"), "-o", str(tmp_path / "out")]) == 1
    assert "no queue" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
