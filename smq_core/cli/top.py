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
@click.option(
    "--plain", is_flag=True, help="Print each report below the previous one, without clearing the screen."
)
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
        moment = _look(view)
        moving = _sampled(view, moment) if last is None else _between(last, moment)
        if as_json:
            _print_json(moment, moving, is_repeated=every is not None)
        else:
            output.write(_CLEAR if clears else "")
            _print(moment, moving)
        output.flush()
        if every is None:
            return
        last = moment
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


def _between(last: _Moment, moment: _Moment) -> dict[str, TopicRates]:
    return flows(_totals(last), _totals(moment), moment.monotonic - last.monotonic)


def _totals(moment: _Moment) -> dict[str, tuple[int, int]]:
    return {stats.topic: (stats.entered, stats.processed) for stats in moment.topics}


def _sampled(view: Inspector, moment: _Moment) -> dict[str, TopicRates]:
    """Return the rates since the first sample of the last minute, where a daemon writes any."""
    first: dict[str, TopicSample] = {}
    for sample in view.samples(_STEP_S, moment.at - _WINDOW_S):
        first.setdefault(sample.topic, sample)
    totals = _totals(moment)
    moving: dict[str, TopicRates] = {}
    for topic, sample in first.items():
        before = {topic: (sample.entered, sample.processed)}
        moving |= flows(before, {topic: totals[topic]} if topic in totals else {}, moment.at - sample.at)
    return moving


def _print(moment: _Moment, moving: Mapping[str, TopicRates]) -> None:
    alive = sum(not is_lost(worker) for worker in moment.workers)
    ready = sum(stats.ready for stats in moment.topics)
    dead = sum(stats.dead for stats in moment.topics)
    output.say(
        f"{clock_time(moment.at)}  {counted(len(moment.topics), 'topic')}, {count(ready)} ready, "
        f"{count(dead)} dead, {counted(alive, 'daemon')}"
    )
    titles = ["topic", "ready", "delayed", "running", "dead", "done", "oldest", "in/s", "out/s", ""]
    rows = []
    for stats in moment.topics:
        *cells, pause = topic_row(stats)
        rows.append([*cells, *_rates(moving.get(stats.topic)), pause])
    output.table(titles, rows, right=" ".join(titles[1:-1]))


def _rates(rates: TopicRates | None) -> tuple[str, str]:
    return ("-", "-") if rates is None else (rate(rates.entered, ""), rate(rates.processed, ""))


def _print_json(moment: _Moment, moving: Mapping[str, TopicRates], *, is_repeated: bool) -> None:
    topics = []
    for stats in moment.topics:
        rates = moving.get(stats.topic)
        rate_fields = {
            "entered_per_s": None if rates is None else round(rates.entered, 3),
            "processed_per_s": None if rates is None else round(rates.processed, 3),
        }
        topics.append({**fields_of(stats), **rate_fields})
    workers = [worker_fields(one) for one in moment.workers]
    picture = {**time_fields("at", moment.at), "topics": topics, "workers": workers}
    if is_repeated:
        output.write(json.dumps(picture) + "\n")
    else:
        output.say_json(picture)
