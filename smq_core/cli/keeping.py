"""`smq backup`, `prune`, `compact` and `doctor`: the care of the file."""

from __future__ import annotations

from typing import Final

import click

from smq_core.cli import output
from smq_core.cli.options import database, inspector, json_option, place_of
from smq_core.cli.progress import bar, told
from smq_core.clock import SystemClock
from smq_core.ended import ended_daemons
from smq_core.format import counted, size
from smq_core.json_fields import fields_of
from smq_core.location import absolute
from smq_core.store import administration

__all__ = ["backup_", "compact_", "doctor_", "prune_"]

_MARKS: Final = {"ok": "ok", "notice": "note", "warning": "WARNING", "error": "ERROR"}


@click.command
@click.argument("target", metavar="FILE")
@database
@click.pass_context
def backup_(ctx: click.Context, *, target: str, location: str | None) -> None:
    """Copy the database to a new FILE while it is in use."""
    del location
    with bar("backup", None) as show:
        for done, total in administration(place_of(ctx)).backup(target):
            show(done, f"{size(done)} of {size(total)}")
    output.say_done(f"{absolute(target)} contains all messages")


@click.command
@database
@json_option
@click.pass_context
def prune_(ctx: click.Context, *, location: str | None, as_json: bool) -> None:
    """Remove expired history: finished messages, trash, old activity.

    Daemons do this continuously; programs that use the library do a little of it with each write.
    """
    del location
    with bar("prune", None) as show:
        removed = inspector(ctx).prune(progress=told(show))
    if as_json:
        output.say_json(
            fields_of(removed, trash="deleted", activity="operations", topics="empty_topics"),
            done="expired history was removed, but the amounts could not be printed",
        )
        return
    parts = [
        counted(removed.done, "finished message"),
        f"{counted(removed.trash, 'message')} from the trash",
        counted(removed.activity, "old operation"),
        counted(removed.topics, "empty topic"),
    ]
    numbers = (removed.done, removed.trash, removed.activity, removed.topics)
    gone = [part for part, number in zip(parts, numbers, strict=True) if number]
    output.say_done(f"removed {', '.join(gone)}" if gone else "nothing had expired")


@click.command
@database
@click.pass_context
def compact_(ctx: click.Context, *, location: str | None) -> None:
    """Return free space to the file system; other writers wait."""
    del location
    before, after = administration(place_of(ctx)).compact()
    output.say_done(f"{size(before)} before, {size(after)} now")


@click.command
@click.option(
    "--repair",
    "with_repair",
    is_flag=True,
    help="Repair what can be repaired, after making a backup next to the file.",
)
@database
@json_option
@click.pass_context
def doctor_(ctx: click.Context, *, with_repair: bool, location: str | None, as_json: bool) -> int:
    """Examine the database; exit with 1 if something is wrong.

    It also examines the file system, its free space, and the programs that have the database open.
    """
    del location
    place, now_ms = place_of(ctx), SystemClock().now_ms()
    ended, queue = ended_daemons(place.address), administration(place)
    if with_repair:
        for done in queue.repair(now_ms, ended):
            output.note(done)
    findings = list(queue.examine(now_ms, ended))
    if as_json:
        output.say_json([fields_of(finding) for finding in findings])
    else:
        for finding in findings:
            output.say(f"{_MARKS[finding.severity]:8}{finding.name}: {finding.sentence}")
            if finding.advice:
                output.say(f"{'':8}{finding.advice}")
    return 1 if any(finding.severity == "error" for finding in findings) else 0
