"""`smq top`: the dashboard's home screen as text, for those who cannot use a dashboard, and for machines."""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from smq_core.cli import output
from smq_core.cli.listing import topic_row
from smq_core.cli.options import DURATION, database, inspector, json_option
from smq_core.cli.worker_fields import worker_fields
from smq_core.clock import SystemClock
from smq_core.format import clock_time, count, counted, rate
from smq_core.json_fields import fields_of, time_fields
from smq_core.serving import is_lost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_core.inspector import Inspector
    from smq_core.message import TopicSample, TopicStats, WorkerInfo

__all__ = ["TopicRates", "flows", "top_"]

_CLEAR: Final = "\x1b[H\x1b[2J"
_STEP_S: Final = 10
_WINDOW_S: Final = 60
_DEFAULT_EVERY_S: Final = 2.0
_LEAST_EVERY_S: Final = 0.1


class TopicRates(NamedTuple):
    """Messages a second into a topic, and processed."""

    entered: float
    processed: float


class _Moment(NamedTuple):
    """What was there at one moment."""

    at: float
    monotonic: float
    topics: list[TopicStats]
    workers: list[WorkerInfo]


@click.command
@click.option("--plain", is_flag=True, help="Print reports one below the other, without clearing the screen.")
@click.option(
    "--every",
    type=DURATION,
    metavar="2s",
    help="Refresh interval; if omitted and the output is not a terminal, print once.",
)
@database
@json_option
@click.pass_context
def top_(
    ctx: click.Context, *, plain: bool, every: float | None, location: str | None, as_json: bool
) -> None:
    """Print topics, rates and daemons, once or repeatedly."""
    del location
    clears = sys.stdout.isatty() and not plain and not as_json
    if every is None and clears:
        every = _DEFAULT_EVERY_S
    view = inspector(ctx, read_only=True)
    last: _Moment | None = None
    pause = threading.Event()
    while True:
        look = _look(view)
        moving = _sampled(view, look) if last is None else _between(last, look)
        if as_json:
            _print_json(look, moving, is_repeated=every is not None)
        else:
            output.write(_CLEAR if clears else "")
            _print(look, moving)
        output.flush()
        if every is None:
            return
        last = look
        pause.wait(max(every, _LEAST_EVERY_S))


def flows(
    before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]], seconds: float
) -> dict[str, TopicRates]:
    """Return the rates between two looks at (entered, processed) of each topic."""
    return {
        topic: TopicRates((entered - before[topic][0]) / seconds, (processed - before[topic][1]) / seconds)
        for topic, (entered, processed) in after.items()
        if topic in before and seconds > 0
    }


def _look(view: Inspector) -> _Moment:
    clock = SystemClock()
    return _Moment(clock.now_ms() / 1000, clock.monotonic(), view.topics(), view.workers())


def _between(last: _Moment, look: _Moment) -> dict[str, TopicRates]:
    return flows(_totals(last), _totals(look), look.monotonic - last.monotonic)


def _totals(look: _Moment) -> dict[str, tuple[int, int]]:
    return {stats.topic: (stats.entered, stats.processed) for stats in look.topics}


def _sampled(view: Inspector, look: _Moment) -> dict[str, TopicRates]:
    """Return the rates since the first sample of the last minute, where a daemon writes any."""
    first: dict[str, TopicSample] = {}
    for sample in view.samples(_STEP_S, look.at - _WINDOW_S):
        first.setdefault(sample.topic, sample)
    totals = _totals(look)
    moving: dict[str, TopicRates] = {}
    for topic, sample in first.items():
        before = {topic: (sample.entered, sample.finished)}
        moving |= flows(before, {topic: totals[topic]} if topic in totals else {}, look.at - sample.at)
    return moving


def _print(look: _Moment, moving: Mapping[str, TopicRates]) -> None:
    alive = sum(not is_lost(worker) for worker in look.workers)
    ready = sum(stats.ready for stats in look.topics)
    dead = sum(stats.dead for stats in look.topics)
    output.say(
        f"{clock_time(look.at)}  {counted(len(look.topics), 'topic')}, {count(ready)} ready, "
        f"{count(dead)} dead, {counted(alive, 'daemon')}"
    )
    titles = ["topic", "ready", "delayed", "running", "dead", "done", "oldest", "in/s", "out/s", ""]
    rows = []
    for stats in look.topics:
        *cells, pause = topic_row(stats)
        rows.append([*cells, *_rates(moving.get(stats.topic)), pause])
    output.table(titles, rows, right=" ".join(titles[1:-1]))


def _rates(flow: TopicRates | None) -> tuple[str, str]:
    return ("-", "-") if flow is None else (rate(flow.entered, ""), rate(flow.processed, ""))


def _print_json(look: _Moment, moving: Mapping[str, TopicRates], *, is_repeated: bool) -> None:
    topics = []
    for stats in look.topics:
        flow = moving.get(stats.topic)
        rates = {
            "entered_per_s": None if flow is None else round(flow.entered, 3),
            "processed_per_s": None if flow is None else round(flow.processed, 3),
        }
        topics.append({**fields_of(stats), **rates})
    workers = [worker_fields(one) for one in look.workers]
    picture = {**time_fields("at", look.at), "topics": topics, "workers": workers}
    if is_repeated:
        output.write(json.dumps(picture) + "\n")
    else:
        output.say_json(picture)
