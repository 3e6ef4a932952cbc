"""What commands share of their options: the database, JSON, durations, states, topics with completion."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

import click
from click.shell_completion import CompletionItem

from smq_core.cli import output
from smq_core.errors import SmqError
from smq_core.format import parse_duration
from smq_core.inspector import Inspector
from smq_core.location import LOCATION_VARIABLE
from smq_core.states import State
from smq_core.store import parse_location

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.location import Location

__all__ = [
    "DURATION",
    "ID",
    "LISTED",
    "OPERATION",
    "STATE",
    "TOPIC",
    "announce",
    "database",
    "inspector",
    "json_option",
    "location_of",
    "place_of",
]

F = TypeVar("F", bound="Callable[..., object]")


class _Duration(click.ParamType[float]):
    """A length of time, such as `90`, `5s` or `1m30s`; its value is seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        if isinstance(value, int | float):
            return float(value)
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Topic(click.ParamType[str]):
    """A topic's name; the shell completes those that there are."""

    name = "topic"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the topics of the database that the command line names."""
        del param
        try:
            with Inspector(location_of(ctx), read_only=True) as view:
                names = [stats.topic for stats in view.topics()]
        except SmqError:
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class _State(click.Choice[str]):
    """A state by its name, or by what people call it."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return its name."""
        with contextlib.suppress(ValueError):
            return State.meant(str(value)).value
        return super().convert(value, param, ctx)


class _Operation(click.ParamType["int | str"]):
    """An operation's id, or `last` for the last one of whoever runs the command."""

    name = "operation"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the id, or `last`."""
        return "last" if value == "last" else ID(value, param, ctx)


DURATION = _Duration()
ID = click.IntRange(1, 2**63 - 1)
"""A message's id."""
OPERATION = _Operation()
LISTED = click.IntRange(1, 1_000_000)
"""How many of something are listed."""
TOPIC = _Topic()
STATE = _State([state.value for state in State])


def database(function: F) -> F:
    """Add `--db PATH`."""
    option = click.option(
        "--db",
        "location",
        metavar="PATH",
        help=f"Database file (default: ${LOCATION_VARIABLE}, or queue.sqlite3 in the current directory).",
    )
    return option(function)


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def location_of(ctx: click.Context) -> str | None:
    """Return the database that a command was given, or the whole command line was; None: the default."""
    found: str | None = ctx.params.get("location")
    if found is None and ctx.parent is not None:
        return location_of(ctx.parent)
    return found


def place_of(ctx: click.Context) -> Location:
    """Return the place of the queue that a command is for.

    Raises:
        StoreUnavailable: for an empty name, or when the current directory has been removed.
        UsageError: for the address of a database server.
    """
    return parse_location(location_of(ctx))


def inspector(ctx: click.Context, *, read_only: bool = False) -> Inspector:
    """Return an inspector of the database that was named; it is closed when the command ends."""
    return ctx.with_resource(Inspector(location_of(ctx), read_only=read_only))


def announce(ctx: click.Context) -> Location:
    """Report which queue is used when it was not named or will be created; return its place."""
    place = place_of(ctx)
    if not place.exists():
        output.note(f"creating {place.name}")
    elif location_of(ctx) is None:
        output.note(f"using {place.name}")
    return place
