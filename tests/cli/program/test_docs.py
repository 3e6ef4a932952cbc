"""The page on the command line leaves no command and no option out."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from smq_core.cli.commands import smq

PAGE = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()
CONTEXT = click.Context(smq)
COMMANDS = smq.list_commands(CONTEXT) if isinstance(smq, click.Group) else []
EVERYWHERE = {"--db", "--json", "--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_every_command(name: str) -> None:
    assert f"smq {name}" in PAGE or f"|{name}" in PAGE


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_has_words_in_the_help(name: str) -> None:
    assert isinstance(smq, click.Group)
    command = smq.get_command(CONTEXT, name)
    assert command is not None
    silent = [one.name for one in command.params if isinstance(one, click.Option) and not one.help]
    assert silent == []
    assert command.help
