"""The story: files full of rubbish are imported. The good lines in them go in once, and nothing vanishes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smq_core.cli.main import run
from smq_core.daemon.inbox.inbox import Inbox, InboxRules
from smq_core.daemon.inbox.inbox_folder import InboxFolder
from smq_core.daemon.log import Journal
from smq_core.store import open_store
from smq_core.testing import EPOCH_MS, ManualClock
from tests.matrix import scaled
from tests.property.malformed import CORPUS, lines

if TYPE_CHECKING:
    from tests.matrix import Fault

LINES = 100
SMQ = (sys.executable, "-c", "from smq_core.cli.main import main; main()")
GOOD = b'{"topic": "good", "payload": %d}'
several = st.lists(lines.map(lambda line: line.replace(b"\n", b" ")), min_size=LINES, max_size=LINES)
slowly = settings(
    max_examples=scaled(4, 100),
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)


def between_good_ones(bad: list[bytes]) -> bytes:
    """Put a good line before each bad one, and one at the end."""
    return b"".join(GOOD % number + b"\n" + line + b"\n" for number, line in enumerate(bad)) + GOOD % len(bad)


def good_ones(location: Path) -> list[str]:
    store = open_store(location)
    try:
        with store.transaction():
            found = store.execute("SELECT payload FROM smq_messages WHERE topic = 'good' ORDER BY id")
    finally:
        store.close()
    return [str(payload) for (payload,) in found]


def count_all(location: Path) -> int:
    store = open_store(location)
    try:
        with store.transaction():
            ((count,),) = store.execute("SELECT count(*) FROM smq_messages")
    finally:
        store.close()
    return int(str(count))


@pytest.mark.fault(
    row="malformed lines among valid ones, through `smq import`",
    part="bad input",
    promise="each malformed line is imported, or rejected with its number and a reason; valid lines are "
    "imported once",
    how="Hypothesis and a corpus: a hundred malformed lines per file, imported twice",
)
def test_an_imported_file_is_accounted_for_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: Fault
) -> None:
    numbers = iter(range(1_000_000))

    @slowly
    @given(several)
    def take(bad: list[bytes]) -> None:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        file, location = folder / "in.jsonl", folder / "queue.sqlite3"
        file.write_bytes(between_good_ones(bad))
        code = run(["import", str(file), "--db", str(location), "--json"])
        report = json.loads(capsys.readouterr().out)
        reasons = reasons_of(folder)
        total = 2 * len(bad) + 1

        assert code == (65 if report["rejected"] else 0)
        assert report["taken"] + report["rejected"] + report["blank"] == report["last_line"] == total
        assert good_ones(location) == [str(number) for number in range(len(bad) + 1)]
        assert len(reasons) == report["rejected"]
        assert all(1 <= reject["line"] <= total and reject["reason"] for reject in reasons)
        assert count_all(location) == report["taken"] - report["held"]

        assert run(["import", str(file), "--db", str(location)]) == code
        capsys.readouterr()
        assert count_all(location) == report["taken"] - report["held"]
        assert len(reasons_of(folder)) == report["rejected"]
        fault.ran(len(bad))
        fault.struck(report["rejected"])

    take()


def reasons_of(folder: Path) -> list[dict[str, Any]]:
    file = folder / "in.jsonl.rejects.reasons.jsonl"
    return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


@pytest.mark.fault(
    row="malformed lines among valid ones, dropped into the inbox",
    part="bad input",
    promise="valid lines are imported once; malformed ones are among the rejected lines, with reasons",
    how="Hypothesis and a corpus: a hundred malformed lines per file",
)
def test_a_dropped_file_is_accounted_for_line_by_line(tmp_path: Path, fault: Fault) -> None:
    numbers = iter(range(1_000_000))
    clock = ManualClock()

    @slowly
    @given(several)
    def drop(bad: list[bytes]) -> None:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        location = folder / "queue.sqlite3"
        inbox = InboxFolder(str(folder / "inbox"))
        file = inbox.path / "a.jsonl"
        file.write_bytes(between_good_ones(bad))
        os.utime(file, (EPOCH_MS / 1000 - 60, EPOCH_MS / 1000 - 60))
        store = open_store(location, clock=clock)
        importer = Inbox(
            inbox, store, clock, Journal(clock, stream=io.StringIO()), InboxRules("default", 1.0)
        )
        taken = importer.step()
        again = importer.step()
        store.close()
        (put_away,) = inbox.done.glob("*.report.json")
        report = json.loads(put_away.read_bytes())

        assert (taken, again) == (1, 0)
        assert good_ones(location) == [str(number) for number in range(len(bad) + 1)]
        assert count_all(location) == report["taken"] - report["held"]
        assert report["last_line"] == 2 * len(bad) + 1
        reasons = [
            line for kept in inbox.rejected.glob("*.reasons.jsonl") for line in kept.read_bytes().splitlines()
        ]
        assert len(reasons) == report["rejected"]
        fault.ran(len(bad))
        fault.struck(report["rejected"])

    drop()


@pytest.mark.fault(
    row="malformed lines among valid ones, through `smq import`",
    part="bad input",
    promise="each malformed line is imported, or rejected with its number and a reason; valid lines are "
    "imported once",
    how="Hypothesis and a corpus: a hundred malformed lines per file, imported twice",
)
@pytest.mark.parametrize("options", [(), ("--strict",)], ids=["lax", "strict"])
def test_the_corpus_through_a_pipe_to_a_real_process(
    tmp_path: Path, options: tuple[str, ...], fault: Fault
) -> None:
    location = tmp_path / "queue.sqlite3"
    ended = subprocess.run(
        [*SMQ, "import", "-", "--db", str(location), "--json", *options],
        input=between_good_ones(list(CORPUS)),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        check=False,
    )
    report = json.loads(ended.stdout)

    assert ended.returncode == 65
    assert report["taken"] + report["rejected"] + report["blank"] == 2 * len(CORPUS) + 1
    assert good_ones(location) == [str(number) for number in range(len(CORPUS) + 1)]
    assert b"\x1b" not in ended.stdout + ended.stderr
    fault.ran(len(CORPUS))
    fault.struck(report["rejected"])
