"""`smq pause`, `resume` and `policy`: the rules of a topic."""

from __future__ import annotations

import click

from smq_core.cli import output
from smq_core.cli.known import check_known
from smq_core.cli.options import DURATION, TOPIC, database, inspector, json_option
from smq_core.clock import SystemClock
from smq_core.format import clock_time, duration
from smq_core.json_fields import fields_of
from smq_core.policy import Backoff, TopicPolicy

__all__ = ["pause_", "policy_", "resume_"]


@click.command
@click.argument("topic", type=TOPIC)
@click.option("--reason", default="", help="Reason shown to other operators.")
@click.option("--until", "length", type=DURATION, metavar="10m", help="Resume automatically after this long.")
@click.option("--create", is_flag=True, help="Pause a topic that does not exist yet.")
@database
@click.pass_context
def pause_(
    ctx: click.Context, *, topic: str, reason: str, length: float | None, create: bool, location: str | None
) -> None:
    """Pause TOPIC: nothing more is leased from it.

    Running messages finish.
    """
    del location
    view = inspector(ctx)
    if not create:
        check_known(view, topic, advice=" (--create pauses it before its first message)")
    until = None if length is None else SystemClock().now_ms() / 1000 + length
    view.pause(topic, reason, until)
    output.say_done(f"{topic} is paused" + ("" if until is None else f" until {clock_time(until)}"))


@click.command
@click.argument("topic", type=TOPIC)
@database
@click.pass_context
def resume_(ctx: click.Context, *, topic: str, location: str | None) -> None:
    """Resume TOPIC."""
    del location
    view = inspector(ctx)
    check_known(view, topic)
    resumed = view.resume(topic).done
    output.say_done(f"{topic} resumed" if resumed else f"{topic} is not paused: nothing to resume")


@click.command
@click.argument("topic", type=TOPIC)
@click.option("--max-attempts", type=int, help="Attempts before a failed message is dead-lettered.")
@click.option(
    "--visibility-timeout", type=DURATION, metavar="60s", help="How long a lease lasts unless it is extended."
)
@click.option("--backoff", metavar="2s:x2:1h", help="First delay, factor and longest delay between attempts.")
@click.option(
    "--keep", type=DURATION, metavar="24h", help="How long finished messages are kept; 0: not at all."
)
@database
@json_option
@click.pass_context
def policy_(
    ctx: click.Context,
    *,
    topic: str,
    max_attempts: int | None,
    visibility_timeout: float | None,
    backoff: str | None,
    keep: float | None,
    location: str | None,
    as_json: bool,
) -> None:
    """Print the policy of TOPIC, after setting the given values."""
    del location
    is_change = any(value is not None for value in (max_attempts, visibility_timeout, backoff, keep))
    view = inspector(ctx, read_only=not is_change)
    if is_change:
        view.set_policy(
            topic,
            max_attempts=max_attempts,
            visibility_timeout=visibility_timeout,
            backoff=None if backoff is None else Backoff.parse(backoff),
            keep=keep,
        )
    else:
        check_known(view, topic)
    policy = view.policy(topic)
    done = f"the policy of {topic} was set, but could not be printed" if is_change else ""
    if as_json:
        output.say_json({"topic": topic, **_policy_fields(policy)}, done=done)
        return
    lines = (
        f"max attempts: {policy.max_attempts}",
        f"visibility timeout: {duration(policy.visibility_timeout)}",
        f"back-off: {policy.backoff}",
        f"keep: {duration(policy.keep) if policy.keep else 'not at all'}",
    )
    output.say_block("\n".join(lines), done=done)


def _policy_fields(policy: TopicPolicy) -> dict[str, object]:
    return {
        **fields_of(policy, visibility_timeout="visibility_timeout_s", keep="keep_s"),
        "backoff": fields_of(policy.backoff, first="first_s", cap="cap_s"),
    }
