"""Runs the demonstration: with a terminal the dashboard.

Without one the same work for a quarter of a minute and a summary.
"""

from __future__ import annotations

import random
import signal
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from smq_core import Inspector, Selection, State, StoreError, parse_location
from smq_core.format import count, duration
from smq_tui.demo.shop import DemoShop
from smq_tui.terminal.attached import stream_elsewhere

if TYPE_CHECKING:
    from types import FrameType

    from smq_core import Clock
    from smq_tui.settings.config import Config
    from smq_tui.starting import StartOptions

__all__ = ["run_demo"]

_SECONDS: Final = 15.0
_MENDED_AFTER_S: Final = 9.0
"""When the summary's operator requeues what is dead."""
_SEED: Final = 7


def run_demo(config: Config, options: StartOptions, clock: Clock) -> int:
    """Run it until somebody leaves the dashboard, or for a quarter of a minute; return the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with (
        tempfile.TemporaryDirectory(prefix="smq-demo-") as folder,
        DemoShop(Path(folder), random.Random(_SEED)) as shop,
    ):
        if not stream_elsewhere():
            from smq_tui.starting import run_dashboard  # noqa: PLC0415 - the summary needs no Textual

            location = parse_location(shop.location)
            return run_dashboard(config, options, location, "demo", is_remembered=False)
        return _summarise(shop, clock)


def _leave(number: int, _: FrameType | None) -> None:
    """End as if by itself, so that everything started is ended too."""
    raise SystemExit(128 + number)


def _summarise(shop: DemoShop, clock: Clock) -> int:
    ended = threading.Event()
    number_of_signal = 0

    def end(number: int, _: FrameType | None) -> None:
        nonlocal number_of_signal
        number_of_signal = number
        ended.set()

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end)
    click.echo(f"smq demo: two producers, a daemon and a careless consumer at work for {_SECONDS:.0f} s …")
    begun = clock.monotonic()
    requeued = 0
    with Inspector(shop.location, actor="demo") as inspector:
        if not ended.wait(_MENDED_AFTER_S):
            requeued = inspector.requeue(Selection(state=State.DEAD)).done
            ended.wait(_SECONDS - _MENDED_AFTER_S)
        if number_of_signal:
            return 128 + number_of_signal
        return _report(inspector, clock.monotonic() - begun, requeued, shop)


def _report(inspector: Inspector, seconds: float, requeued: int, shop: DemoShop) -> int:
    try:
        topics = inspector.topics()
        workers = inspector.workers()
    except StoreError as error:
        click.echo(f"smq demo: {error}", err=True)
        return error.exit_code
    retried = sum(_failed(worker.detail.get("failed")) for worker in workers)
    processed = sum(stats.gone + stats.done for stats in topics)
    rows = (
        ("messages in", count(sum(stats.entered for stats in topics))),
        ("processed", count(processed)),
        ("failed attempts", count(retried)),
        ("dead letters", count(sum(stats.dead for stats in topics))),
        ("requeued by an operator", count(requeued)),
        ("still unfinished", count(sum(stats.ready + stats.delayed + stats.processing for stats in topics))),
        ("throughput", f"{processed / seconds:.0f} processed a second over {duration(round(seconds))}"),
    )
    for name, value in rows:
        click.echo(f"  {name:<24} {value}")
    if not processed:
        click.echo(shop.log(), err=True)
        return 1
    return 0


def _failed(value: object) -> int:
    return value if isinstance(value, int) else 0
