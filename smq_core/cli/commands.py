"""The list of commands: each is imported only when it is run, so that none waits for what another needs."""

from __future__ import annotations

import importlib
from typing import Final

import click

from smq_core.cli.examples import examples_of
from smq_core.cli.options import database

__all__ = ["PipeBrokenError", "smq"]

_GROUPS: Final = {
    "Messages": {
        "send": "sending",
        "import": "importing",
        "export": "exporting",
        "peek": "listing",
        "show": "listing",
        "wait": "draining",
    },
    "Repair": {
        "requeue": "acting",
        "delete": "acting",
        "bury": "acting",
        "move": "acting",
        "edit": "editing",
        "undo": "acting",
        "purge": "acting",
    },
    "Topics": {
        "topics": "listing",
        "pause": "topic_policy",
        "resume": "topic_policy",
        "policy": "topic_policy",
    },
    "Monitoring": {
        "top": "top",
        "check": "checking",
        "workers": "working",
        "activity": "listing",
    },
    "Database": {
        "init": "sending",
        "backup": "keeping",
        "prune": "keeping",
        "compact": "keeping",
        "doctor": "keeping",
    },
}
"""Where each command lives, in the order of the help; its function has its name and an underscore."""
_MODULES: Final = {name: module for group in _GROUPS.values() for name, module in group.items()}


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
        command.epilog = examples_of(cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, a section for each group."""
        longest = max(map(len, _MODULES))
        for title, group in _GROUPS.items():
            found = ((name, self.get_command(ctx, name)) for name in group)
            rows = [
                (name, one.get_short_help_str(formatter.width - 6 - longest))
                for name, one in found
                if one is not None
            ]
            with formatter.section(title):
                formatter.write_dl(rows, col_spacing=2 + longest - max(map(len, group)))

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
    epilog='Shell completion: eval "$(_SMQ_COMPLETE=bash_source smq)" in bash; also zsh_source, fish_source.',
)
@click.version_option(package_name="simple-local-mq", prog_name="smq")
@database
def smq(location: str | None) -> None:
    """Send, inspect and repair messages in a local queue.

    Exit codes: 0 done; 1 failed, partly done or not found; 2 wrong usage; 65 bad data;
    74 done, but the output was lost; 75 busy, try again.
    """
    del location
