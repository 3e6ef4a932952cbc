"""The list of commands: each is imported only when it is run, so that none waits for what another needs."""

from __future__ import annotations

import importlib
from typing import Final

import click

from smq_core.cli.options import database

__all__ = ["PipeBrokenError", "smq"]

_MODULES: Final = {
    "init": "sending",
    "send": "sending",
    "import": "importing",
    "export": "exporting",
    "topics": "listing",
    "peek": "listing",
    "show": "listing",
    "activity": "listing",
    "workers": "working",
    "top": "top",
    "requeue": "acting",
    "delete": "acting",
    "bury": "acting",
    "move": "acting",
    "undo": "acting",
    "purge": "acting",
    "edit": "editing",
    "pause": "topic_policy",
    "resume": "topic_policy",
    "policy": "topic_policy",
    "check": "checking",
    "wait": "draining",
    "backup": "keeping",
    "prune": "keeping",
    "compact": "keeping",
    "doctor": "keeping",
}
"""Where each command lives, in the order of the help; its function has its name and an underscore behind."""


class PipeBrokenError(Exception):
    """Carries a `BrokenPipeError` past click, which would take any for the end of its own output."""

    def __init__(self, error: BrokenPipeError) -> None:
        super().__init__(str(error))
        self.error = error


class _Commands(click.Group):
    """A group whose commands are imported when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None: there is none of that name."""
        del ctx
        module = _MODULES.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"smq_core.cli.{module}"), f"{cmd_name}_")
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """Read the arguments, and print help or version where they ask for it."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError as error:
            raise PipeBrokenError(error) from error

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise PipeBrokenError(error) from error


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog='Completion: eval "$(_SMQ_COMPLETE=bash_source smq)" in bash; also zsh_source, fish_source.',
)
@click.version_option(package_name="simple-local-mq", prog_name="smq")
@database
def smq(location: str | None) -> None:
    """Send, look at and mend the messages of a local queue.

    Exit codes: 0 done, 1 failed, partly done or not found, 2 wrong usage, 65 bad data,
    74 done, but it could not be printed, 75 busy (try again).
    """
    del location
