"""Every program in a folder that has been removed: a sentence and an exit code, no traceback."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from smq_core import Inspector, Queue, SmqError, StoreUnavailable
from smq_core.cli.main import run
from smq_core.daemon.main import command as smq_daemon
from smq_core.transfer import import_file
from smq_tui.command import command as smq_tui
from tests.cli.program.test_streams import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _removed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SIMPLE_MQ_DB", raising=False)
    before, folder = os.open(".", os.O_RDONLY), tmp_path / "removed"
    folder.mkdir()
    os.chdir(folder)
    folder.rmdir()
    yield
    os.fchdir(before)
    os.close(before)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_every_command_reports_that_its_folder_was_removed(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = [one.format(folder="folder") for one in ARGUMENTS[name]]

    assert run([name, *line]) == 1
    assert "the current directory no longer exists: change to another" in capsys.readouterr().err


def test_an_import_of_a_relative_path_fails_so(location: str, capsys: pytest.CaptureFixture[str]) -> None:
    Queue(location).close()
    assert run(["import", "--db", location, "lines.jsonl"]) == 1
    assert "the current directory no longer exists" in capsys.readouterr().err
    with pytest.raises(SmqError, match="the current directory no longer exists"):
        import_file(location, "lines.jsonl")


def test_the_library_raises_its_own_error() -> None:
    for open_it in (Queue, Inspector):
        with pytest.raises(StoreUnavailable, match="the current directory no longer exists"):
            open_it("queue.sqlite3")


def test_an_absolute_path_needs_no_folder(location: str) -> None:
    with Queue(location) as queue:
        queue.enqueue("mail", "x")
    assert run(["topics", "--db", location]) == 0


def test_the_dashboard_and_the_daemon_report_it() -> None:
    shown = CliRunner().invoke(smq_tui, [])
    assert shown.exit_code == 1
    assert "the current directory no longer exists" in shown.output
    started = CliRunner().invoke(smq_daemon, ["--check"])
    assert started.exit_code == 2
    assert "No such file or directory" in started.output
