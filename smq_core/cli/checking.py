"""`smq check`: a sentence for each problem and an exit code, for monitors."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click

from smq_core.cli import health, output, taking
from smq_core.cli.options import DURATION, database, inspector, json_option
from smq_core.clock import SystemClock
from smq_core.format import age, count, counted
from smq_core.serving import is_served
from smq_core.states import State
from smq_core.store.records import Filter, Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.inspector import Inspector
    from smq_core.message import TopicStats, WorkerInfo

__all__ = ["Limits", "check_", "problems", "unserved"]


class Limits(NamedTuple):
    """The most that is still well; None: no limit."""

    age_s: float | None = None
    dead: int | None = None
    ready: int | None = None


@click.command
@click.option(
    "--max-age",
    type=DURATION,
    metavar="10m",
    help="Maximum time that a message may wait in a topic that is not paused.",
)
@click.option("--max-dead", type=int, metavar="N", help="Maximum number of dead letters in a topic.")
@click.option("--max-ready", type=int, metavar="N", help="Maximum number of ready messages in a topic.")
@click.option(
    "--workers",
    "with_workers",
    is_flag=True,
    help="Also report topics with ready messages but no daemon, and messages held by lost daemons.",
)
@click.option(
    "--watch",
    type=DURATION,
    metavar="2s",
    default=taking.WATCH_S,
    help="How long to watch for leases before reporting that there are none; 0: do not watch.",
)
@database
@json_option
@click.pass_context
def check_(
    ctx: click.Context,
    *,
    max_age: float | None,
    max_dead: int | None,
    max_ready: int | None,
    with_workers: bool,
    watch: float,
    location: str | None,
    as_json: bool,
) -> int:
    """Report problems, one per line; exit with 1 if there are any.

    Problems are ready messages in a topic from which nothing has been leased for 30 seconds, lost daemons (no
    heartbeat for 15 seconds), dead letters of the last 24 hours, and messages that have been waiting for more
    than an hour. --max-dead and --max-age replace the last two.
    """
    del location
    view = inspector(ctx, read_only=True)
    topics = view.topics()
    limits = Limits(health.MAX_AGE_S if max_age is None else max_age, max_dead, max_ready)
    workers = view.workers()
    found = [
        *problems(topics, limits),
        *health.lost(workers, partial(_held, view) if with_workers else None),
        *(_died(view) if max_dead is None else ()),
        *_untaken(view, topics, watch),
        *(unserved(topics, workers) if with_workers else ()),
    ]
    if as_json:
        output.say_json({"ok": not found, "problems": found})
    else:
        ready = sum(stats.ready for stats in topics)
        well = f"ok: {counted(len(topics), 'topic')}, {counted(ready, 'message')} ready"
        for line in found or [well]:
            output.say(line)
    return 1 if found else 0


def problems(topics: Sequence[TopicStats], limits: Limits) -> Iterator[str]:
    """Describe what is over a limit, a sentence each."""
    for stats in topics:
        waits = stats.oldest_age_s
        if limits.age_s is not None and waits is not None and waits > limits.age_s and not stats.paused:
            limit = age(limits.age_s)
            yield f"{stats.topic}: the oldest message has been waiting for {age(waits)} (limit {limit})"
        if limits.dead is not None and stats.dead > limits.dead:
            yield f"{stats.topic}: {counted(stats.dead, 'dead letter')} (limit {count(limits.dead)})"
        if limits.ready is not None and stats.ready > limits.ready:
            yield f"{stats.topic}: {count(stats.ready)} ready (limit {count(limits.ready)})"


def unserved(topics: Sequence[TopicStats], workers: Sequence[WorkerInfo]) -> Iterator[str]:
    """Report which topics have ready messages and no daemon that would take them."""
    for stats in topics:
        if stats.ready and not stats.paused and not is_served(stats.topic, workers):
            yield f"{stats.topic}: {count(stats.ready)} ready, but no daemon serves the topic"


def _held(view: Inspector, worker: str) -> int:
    return view.count(Selection(state=State.PROCESSING, where=Filter(worker=worker)), limit=sys.maxsize)


def _died(view: Inspector) -> Iterator[str]:
    now = _now()
    return health.died_lately(view.error_kinds(limit=sys.maxsize, since=now - health.DEAD_WITHIN_S), now)


def _untaken(view: Inspector, topics: Sequence[TopicStats], watch: float) -> Iterator[str]:
    now = _now()
    waiting = list(health.untaken(topics, taking.taken_lately(view, topics, now), now))
    if waiting and watch > 0:
        names = {stats.topic for stats in waiting}
        # only topics that were not taken at the first look were watched
        left = names - taking.taken_meanwhile(view, names, watch)
        topics, now = view.topics(), _now()
        waiting = list(health.untaken([one for one in topics if one.topic in left], set(), now))
    for stats in waiting:
        yield health.untaken_line(stats, now)


def _now() -> float:
    return SystemClock().now_ms() / 1000
