"""The help: grouped, whole at 80 columns, with examples that run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from smq_core.cli.commands import smq
from smq_core.cli.examples import EXAMPLES
from smq_core.daemon.main import command as smq_daemon
from smq_tui.command import command as smq_tui

CONTEXT = click.Context(smq)
COMMANDS = smq.list_commands(CONTEXT) if isinstance(smq, click.Group) else []
WIDTH = 80
ENDINGS = {"check": {0, 1}, "doctor": {0, 1}, "wait": {1}, "smq edit 1": {2}}
"""Exit codes of what reports what it finds, or asks (nobody is there); every other example ends with 0."""


PROGRAMS = {"smq-daemon": smq_daemon, "smq-tui": smq_tui}


def help_of(*words: str) -> str:
    said: str = CliRunner().invoke(smq, [*words, "--help"], env={"COLUMNS": str(WIDTH)}).output
    return said


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS)])
def test_nothing_of_the_help_is_cut_off_at_80_columns(words: tuple[str, ...]) -> None:
    said = help_of(*words)

    assert "..." not in said.replace("[ARGS]...", "").replace("ID...", "").replace("[ID]...", "")
    assert max(map(len, said.splitlines())) <= WIDTH


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_help_of_the_other_programs_is_whole_and_has_examples(program: str) -> None:
    said = CliRunner().invoke(PROGRAMS[program], ["--help"], env={"COLUMNS": str(WIDTH)}).output

    assert "..." not in said
    assert max(map(len, said.splitlines())) <= WIDTH
    assert f"  Examples:\n    {program} " in said


def test_each_command_stands_in_one_group_of_the_help() -> None:
    groups = help_of().partition("\nMessages:\n")[2].splitlines()
    listed = [line.split()[0] for line in groups if line.startswith("  ") and line[2] != " "]

    assert [name for name in listed if name in COMMANDS] == COMMANDS
    assert COMMANDS
    assert EXAMPLES.keys() == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_ends_with_its_examples(name: str) -> None:
    said = help_of(name).splitlines()
    lines = EXAMPLES[name]

    assert said[-len(lines) - 1 :] == ["  Examples:", *(f"    {line}" for line in lines)]
    assert all(f"smq {name}" in line for line in lines)


@pytest.mark.slow
def test_each_example_runs(tmp_path: Path) -> None:
    """In one folder, in the order of the table; what a machine has to have lies there."""
    (tmp_path / "mail.jsonl").write_text('{"topic": "mail", "payload": 1}\n')
    (tmp_path / "lines.txt").write_text("one\ntwo\n")
    with closing(sqlite3.connect(tmp_path / "app.db")) as database:
        database.execute("CREATE TABLE customers(name)")
    search = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": search, "SMQ_ACTOR": "ann"}
    environment.pop("SIMPLE_MQ_DB", None)
    for name, lines in EXAMPLES.items():
        for line in lines:
            is_endless = "--every" in line
            ended = subprocess.run(
                ["/bin/sh", "-c", f"timeout 3 {line}" if is_endless else line],
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            expected = {124} if is_endless else ENDINGS.get(line, ENDINGS.get(name, {0}))
            assert ended.returncode in expected, (line, ended.returncode, ended.stdout, ended.stderr)
