"""`smq check`: a sentence and an exit code, for monitors."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click

from smq_core.cli import health, output
from smq_core.cli.options import DURATION, database, inspector, json_option
from smq_core.clock import SystemClock
from smq_core.format import age, count
from smq_core.serving import is_lost, is_served
from smq_core.states import State
from smq_core.store.records import Filter, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from smq_core.inspector import Inspector
    from smq_core.message import TopicStats, WorkerInfo

__all__ = ["Limits", "abandoned", "check_", "problems", "unserved"]


class Limits(NamedTuple):
    """What is still well; None: anything is."""

    age_s: float | None = None
    dead: int | None = None
    ready: int | None = None


@click.command
@click.option(
    "--max-age", type=DURATION, metavar="10m", help="No message waits longer in a topic that is not paused."
)
@click.option("--max-dead", type=int, metavar="N", help="No topic has more dead letters.")
@click.option("--max-ready", type=int, metavar="N", help="No topic has more ready messages.")
@click.option(
    "--workers",
    "with_workers",
    is_flag=True,
    help="Each topic with ready messages has a daemon, and no daemon that is silent holds any.",
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
    location: str | None,
    as_json: bool,
) -> int:
    """Report whether all is well; exit 0 if it is, 1 and a line for each problem if not.

    Problems are ready messages of which none was taken for 30 seconds, daemons without a heartbeat, dead
    letters of the last 24 hours, and messages that wait for more than an hour. --max-dead
    and --max-age replace
    the last two.
    """
    del location
    view = inspector(ctx, read_only=True)
    topics = view.topics()
    limits = Limits(health.MAX_AGE_S if max_age is None else max_age, max_dead, max_ready)
    found = [*problems(topics, limits), *_unasked(view, topics, judges_dead=max_dead is None)]
    if with_workers:
        workers = view.workers()
        found += [*unserved(topics, workers), *abandoned(workers, partial(_held, view))]
    if as_json:
        output.say_json({"ok": not found, "problems": found})
    else:
        ready = sum(stats.ready for stats in topics)
        well = f"ok: {output.amount(len(topics), 'topic')}, {output.amount(ready, 'message')} ready"
        for line in found or [well]:
            output.say(line)
    return 1 if found else 0


def _unasked(view: Inspector, topics: Sequence[TopicStats], *, judges_dead: bool) -> Iterator[str]:
    now = SystemClock().now_ms() / 1000
    yield from health.lost(view.workers())
    if judges_dead:
        yield from health.died_lately(view.error_kinds(limit=sys.maxsize), now)
    live = {stats.topic: stats.processing - _expired(view, stats) for stats in topics if stats.ready}
    moved = health.moving(view.samples(_STEP_S, now - health.UNTAKEN_S - _STEP_S))
    yield from health.untaken(topics, live, moved, now)


def _expired(view: Inspector, stats: TopicStats) -> int:
    if not stats.processing:
        return 0
    return view.count(
        view.select(stats.topic, State.PROCESSING, Filter(only_expired=True)), limit=sys.maxsize
    )


_STEP_S = 10.0
"""Between two of the samples that daemons write."""


def problems(topics: Sequence[TopicStats], limits: Limits) -> Iterator[str]:
    """Describe what is over a limit, a sentence each."""
    for stats in topics:
        waits = stats.oldest_age_s
        if limits.age_s is not None and waits is not None and waits > limits.age_s and not stats.paused:
            yield f"{stats.topic}: the oldest message waits for {age(waits)} (limit {age(limits.age_s)})"
        if limits.dead is not None and stats.dead > limits.dead:
            yield f"{stats.topic}: {count(stats.dead)} dead letters (limit {count(limits.dead)})"
        if limits.ready is not None and stats.ready > limits.ready:
            yield f"{stats.topic}: {count(stats.ready)} ready (limit {count(limits.ready)})"


def unserved(topics: Sequence[TopicStats], workers: Sequence[WorkerInfo]) -> Iterator[str]:
    """Report which topics have ready messages and no daemon that would take them."""
    for stats in topics:
        if stats.ready and not stats.paused and not is_served(stats.topic, workers):
            yield f"{stats.topic}: {count(stats.ready)} ready and no daemon takes them"


def abandoned(workers: Sequence[WorkerInfo], held: Callable[[str], int]) -> Iterator[str]:
    """Report lost daemons that still hold messages; `held` maps a daemon to their number."""
    for worker in workers:
        if is_lost(worker) and (holds := held(worker.id)):
            silent = f"{worker.id} is silent for {age(worker.heartbeat_age_s)}"
            yield f"{silent} and holds {output.amount(holds, 'message')}"


def _held(view: Inspector, worker: str) -> int:
    return view.count(Selection(state=State.PROCESSING, where=Filter(worker=worker)), limit=sys.maxsize)
