"""`smq topics`, `peek`, `show` and `activity`: what is there, without changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from smq_core.cli import output
from smq_core.cli.described import message_lines
from smq_core.cli.known import check_known
from smq_core.cli.options import ID, LISTED, STATE, TOPIC, database, inspector, json_option
from smq_core.clock import SystemClock
from smq_core.format import age, clock_time, count, payload_preview
from smq_core.json_fields import fields_of, message_fields
from smq_core.states import State
from smq_core.store.records import Filter

if TYPE_CHECKING:
    from smq_core.message import ActivityEntry, Attempt, Message, TopicStats

__all__ = ["activity_", "peek_", "show_", "topic_row", "topics_"]

_PREVIEW = 60


@click.command
@database
@json_option
@click.pass_context
def topics_(ctx: click.Context, *, location: str | None, as_json: bool) -> None:
    """List topics with the number of messages in each state."""
    del location
    topics = inspector(ctx, read_only=True).topics()
    if as_json:
        output.say_json([fields_of(stats) for stats in topics])
    elif topics:
        titles = ["topic", "ready", "delayed", "running", "dead", "done", "oldest", ""]
        output.table(
            titles, [topic_row(stats) for stats in topics], right="ready delayed running dead done oldest"
        )
    else:
        output.note("no topics yet")


def topic_row(stats: TopicStats) -> list[str]:
    """Return the cells of a topic: its name, counts, age and whether it is paused."""
    numbers = (stats.ready, stats.delayed, stats.processing, stats.dead, stats.done)
    oldest = "-" if stats.oldest_age_s is None else age(stats.oldest_age_s)
    return [stats.topic, *map(count, numbers), oldest, _pause(stats)]


def _pause(stats: TopicStats) -> str:
    if not stats.paused:
        return ""
    until = "" if stats.paused_until is None else f" until {_moment(stats.paused_until)}"
    reason = f": {stats.pause_reason}" if stats.pause_reason else ""
    return f"paused by {stats.paused_by}{until}{reason}"


@click.command
@click.argument("topic", type=TOPIC)
@click.option("--state", type=STATE, help="Only messages in this state.")
@click.option(
    "--limit", type=LISTED, default=20, show_default=True, help="Maximum number of messages to list."
)
@database
@json_option
@click.pass_context
def peek_(
    ctx: click.Context, *, topic: str, state: str | None, limit: int, location: str | None, as_json: bool
) -> None:
    """Print the oldest messages of TOPIC without leasing them.

    Messages in the trash are listed only with --state deleted.
    """
    del location
    view = inspector(ctx, read_only=True)
    check_known(view, topic)
    where = Filter(without_trash=True)
    if as_json:
        found = view.browse(topic, state, where=where, limit=limit)
        output.say_json([message_fields(message) for message in found])
        return
    messages = view.browse(topic, state, where=where, limit=limit, preview=4 * _PREVIEW)
    if not messages:
        output.note(f"no messages in {topic}" + (f" in the {State(state).word} state" if state else ""))
        return
    now = SystemClock().now_ms() / 1000
    titles = ["id", "state", "age", "attempts", "payload"]
    output.table(titles, [_message_row(message, now) for message in messages], right="id age attempts")


def _message_row(message: Message, now: float) -> list[str]:
    preview = payload_preview(message.payload, _PREVIEW)
    error = f"  ({payload_preview(message.error_kind, _PREVIEW)})" if message.error_kind else ""
    return [
        str(message.id),
        message.state.word,
        age(now - message.created_at),
        str(message.attempts),
        preview + error,
    ]


@click.command
@click.argument("message_id", metavar="ID", type=ID)
@database
@json_option
@click.pass_context
def show_(ctx: click.Context, *, message_id: int, location: str | None, as_json: bool) -> None:
    """Print a message in full, with its failed attempts."""
    del location
    view = inspector(ctx, read_only=True)
    message = view.get(message_id)
    attempts = view.attempts(message_id)
    if as_json:
        output.say_json({**message_fields(message), "history": [_attempt_fields(one) for one in attempts]})
        return
    for line in message_lines(message, attempts):
        output.say_block(line)


def _attempt_fields(attempt: Attempt) -> dict[str, object]:
    fields = fields_of(attempt)
    del fields["message_id"]
    return fields


@click.command
@click.option(
    "--limit", type=LISTED, default=20, show_default=True, help="Maximum number of operations to list."
)
@database
@json_option
@click.pass_context
def activity_(ctx: click.Context, *, limit: int, location: str | None, as_json: bool) -> None:
    """List the operators' actions, newest first."""
    del location
    entries = inspector(ctx, read_only=True).activity(limit=limit)
    if as_json:
        output.say_json([fields_of(entry, count="messages") for entry in entries])
    elif entries:
        titles = ["operation", "at", "who", "did", "topic", "messages", "detail"]
        output.table(titles, [_activity_row(entry) for entry in entries], right="operation messages")
    else:
        output.note("no activity yet")


def _activity_row(entry: ActivityEntry) -> list[str]:
    undone = f" (undone {_moment(entry.undone_at)})" if entry.undone_at is not None else ""
    return [
        str(entry.operation),
        _moment(entry.at),
        entry.actor,
        entry.action,
        entry.topic or "-",
        count(entry.count),
        entry.detail + undone,
    ]


def _moment(epoch_seconds: float) -> str:
    return clock_time(epoch_seconds, now=SystemClock().now_ms() / 1000)
