"""The flags of `smq-tui`, and what follows from them and the configuration."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from smq_core import SmqError, SystemClock, UsageError, parse_location
from smq_core.format import parse_duration
from smq_core.safe_text import cell
from smq_tui.settings.config import Config, ConfigError, config_path, read_config
from smq_tui.terminal.attached import stream_elsewhere

if TYPE_CHECKING:
    from smq_core import Location

__all__ = ["command"]


class _Interval(click.ParamType[float]):
    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return max(0.1, parse_duration(str(value)))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  smq-tui queue.sqlite3
  smq-tui --demo
  smq-tui --read-only --refresh 5s /var/lib/shop/queue.sqlite3""",
)
@click.argument("file", required=False)
@click.option(
    "--db",
    metavar="FILE",
    help=(
        "Database file, or a name from the configuration "
        "(default: $SIMPLE_MQ_DB, or queue.sqlite3 in the current directory)."
    ),
)
@click.option("--read-only", is_flag=True, help="Open the database read-only.")
@click.option(
    "--demo", is_flag=True, help="Run producers, a daemon and this dashboard on a temporary database."
)
@click.option(
    "--theme",
    metavar="NAME",
    help="Colour theme: smq-dark, smq-light, smq-contrast, ansi-dark, ansi-light and more.",
)
@click.option("--refresh", type=_Interval(), metavar="1s", help="Minimum time between two refreshes.")
@click.option("--ascii", "is_ascii", is_flag=True, help="Use ASCII characters only.")
@click.option("--no-mouse", is_flag=True, help="Do not capture the mouse; the terminal handles it.")
@click.version_option(package_name="simple-local-mq", prog_name="smq-tui")
def command(
    *,
    file: str | None,
    db: str | None,
    read_only: bool,
    demo: bool,
    theme: str | None,
    refresh: float | None,
    is_ascii: bool,
    no_mouse: bool,
) -> None:
    """Monitor and repair a message queue. FILE is the same as --db FILE."""
    db = _one_of(file, db)
    from smq_tui.starting import StartOptions, run_dashboard  # noqa: PLC0415 - `--help` needs no Textual

    try:
        config = read_config(config_path(), _known_ids())
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    except SmqError as error:
        raise click.UsageError(str(error)) from error
    options = StartOptions(
        read_only=read_only, theme=theme or "", refresh=refresh, is_ascii=is_ascii, has_mouse=not no_mouse
    )
    if demo:
        from smq_tui.demo.run import run_demo  # noqa: PLC0415 - only a demonstration needs it

        sys.exit(run_demo(config, options, SystemClock()))
    name, location = _meant(config, db)
    elsewhere = stream_elsewhere()
    if elsewhere:
        raise click.ClickException(
            f"smq-tui needs a terminal, and {elsewhere} is not one; "
            "for text try: smq top --plain, or smq topics --json"
        )
    if db is None:
        click.echo(f"smq-tui: {location.name}", err=True)
    sys.exit(run_dashboard(config, options, location, name))


def _one_of(file: str | None, db: str | None) -> str | None:
    """Return the one database that was given, with or without `--db`."""
    if file is not None and db is not None and file != db:
        # what an address of a server says, a password above all, is not repeated
        _place(file)
        _place(db)
        both = f"{cell(file)} and --db {cell(db)}"
        raise click.UsageError(f"two databases are given ({both}): give only one")
    if "" in {file, db}:
        raise click.UsageError("the database name is empty: give one, or omit it for the default")
    return file if db is None else db


def _meant(config: Config, db: str | None) -> tuple[str, Location]:
    """Return the name of the database that is meant, if the configuration has one, and its place."""
    name = (
        db
        if db in config.databases
        else config.default
        if db is None and "SIMPLE_MQ_DB" not in os.environ
        else ""
    )
    return name or "", _place(config.databases[name].path if name else db)


def _place(db: str | None) -> Location:
    """Return the place of a database that was named."""
    try:
        return parse_location(db)
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    except SmqError as error:
        raise click.ClickException(str(error)) from error


def _known_ids() -> set[str]:
    from smq_tui.keys.key_help import all_keys  # noqa: PLC0415 - `--help` needs no Textual

    return {key.id for key in all_keys()}
