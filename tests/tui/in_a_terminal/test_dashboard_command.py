"""What the command line of the dashboard takes, and what it refuses before anything is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from smq_tui.command import command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Give a command line without a configuration and without a terminal."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return CliRunner()


@pytest.mark.parametrize("arguments", [["a"], ["--db", "a"], ["a", "--db", "a"]], ids=" ".join)
def test_the_database_may_be_given_with_or_without_its_flag(runner: CliRunner, arguments: list[str]) -> None:
    done = runner.invoke(command, arguments)

    assert (done.exit_code, "needs a terminal" in done.output) == (1, True)


def test_two_databases_are_refused_by_their_names(runner: CliRunner) -> None:
    done = runner.invoke(command, ["a\x1b[31m", "--db", "b"])

    assert done.exit_code == 2
    assert "two databases are given (a␛[31m and --db b): give only one" in done.output
