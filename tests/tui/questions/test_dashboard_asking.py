"""Of reads that wait at the same time none takes the place of another that is for something else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from smq_core import Queue, parse_location
from smq_tui.gateway.gateway import Gateway
from smq_tui.messages import Answered
from smq_tui.requests import SamplesOf
from tests.tui.dashboard import FrozenClock

if TYPE_CHECKING:
    from textual.message import Message


def test_samples_for_the_chart_and_for_the_trails_both_arrive(location: str) -> None:
    with Queue(location) as queue:
        queue.enqueue("mail", 1)
    gateway = Gateway(parse_location(location), FrozenClock(), read_only=True)
    held, done = threading.Event(), threading.Event()
    answered: list[object] = []

    class Asker:
        def post_message(self, message: Message) -> bool:
            assert isinstance(message, Answered)
            answered.append(message.request)
            return True

    def wait(_job: object) -> None:
        held.wait()

    asker, sparklines, chart = Asker(), SamplesOf(10.0, 0.0), SamplesOf(10.0, 0.0, "mail", purpose="chart")
    try:
        gateway._quick.submit("slow", wait)
        for request in (sparklines, chart):
            gateway.take(asker, request)  # type: ignore[arg-type]  # it posts as a widget does
        gateway._quick.submit("done", lambda _job: done.set())
        held.set()
        done.wait()
    finally:
        gateway.close()

    assert answered == [sparklines, chart]
