"""`smq wait`: until a topic is drained, by what stands in the table, not by its counters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from smq_core.cli import output
from smq_core.cli.known import unknown
from smq_core.cli.options import DURATION, TOPIC, database, inspector
from smq_core.clock import SystemClock
from smq_core.format import counted
from smq_core.states import UNFINISHED
from smq_core.store.records import Selection

if TYPE_CHECKING:
    from smq_core.inspector import Inspector

__all__ = ["wait_"]

_LOOK_EVERY_S = 5.0
"""A commit wakes the wait; this is only for a commit that was not noticed."""


@click.command
@click.argument("topic", type=TOPIC)
@click.option("--timeout", type=DURATION, metavar="1m", help="Give up after this long, with exit code 1.")
@database
@click.pass_context
def wait_(ctx: click.Context, *, topic: str, timeout: float | None, location: str | None) -> int:
    """Wait until nothing in TOPIC is ready, delayed or running."""
    del location
    view = inspector(ctx, read_only=True)
    if topic not in (names := view.topic_names()):
        output.note(unknown(topic, names))
    clock = SystemClock()
    deadline = None if timeout is None else clock.monotonic() + timeout
    while True:
        version = view.data_version()
        if not _unfinished(view, topic, most=1):
            # between the looks for one state and the next, a message may have gone the other way
            if view.data_version() == version:
                break
            continue
        remaining = _LOOK_EVERY_S if deadline is None else min(_LOOK_EVERY_S, deadline - clock.monotonic())
        if remaining <= 0:
            left = _unfinished(view, topic, most=sys.maxsize)
            output.say(f"{topic} still has {counted(left, 'unfinished message')}")
            return 1
        view.wait(remaining, since=version)
    output.say(f"{topic} is drained")
    return 0


def _unfinished(view: Inspector, topic: str, *, most: int) -> int:
    """Count a topic's unfinished messages, each state by its index, and at most `limit` of each."""
    return sum(view.count(Selection(topic=topic, state=state), limit=most) for state in sorted(UNFINISHED))
