from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from tests.daemon.bench import BENCH_S, failed

if TYPE_CHECKING:
    from smq_core.handler import HandlerMessage
    from tests.daemon.bench import Bench


def test_a_return_is_an_ack(bench: Bench) -> None:
    bench.give(lambda _message: None)

    assert bench.outcome() == 5


def test_a_handler_sees_the_message_as_it_was_stored(bench: Bench) -> None:
    seen: list[object] = []
    bench.give(
        lambda m: seen.extend(
            [m.id, m.topic, m.payload, m.headers, m.attempts, m.deliveries, m.created_at, m.last_error]
        ),
        '{"a": [1]}',
    )
    bench.outcome()

    assert seen == [5, "t", {"a": [1]}, {"h": "v"}, 2, 3, 1.5, "before"]


def test_a_coroutine_runs_on_the_event_loop(bench: Bench) -> None:
    loops: list[object] = []

    async def handle(_message: HandlerMessage) -> None:
        loops.append(asyncio.get_running_loop())

    bench.give(handle)
    bench.outcome()

    assert loops == [bench.process.loop.get()]


def test_what_is_started_stands_in_the_slot(bench: Bench) -> None:
    began, may_end = threading.Event(), threading.Event()

    def handle(_message: HandlerMessage) -> None:
        began.set()
        may_end.wait(BENCH_S)

    bench.give(handle, timeout=60)
    began.wait(BENCH_S)
    (slot,) = bench.slots.started()
    may_end.set()
    bench.outcome()

    assert slot.message_id == 5
    assert slot.deadline == slot.started + 60
    assert bench.slots.started() == []


def test_a_handler_that_waits_in_python_is_interrupted_by_its_timeout(bench: Bench) -> None:
    began = threading.Event()

    def handle(_message: HandlerMessage) -> None:
        began.set()
        while True:
            pass

    bench.give(handle, timeout=3)
    began.wait(BENCH_S)

    assert bench.runner.interrupt(5, "timeout")
    assert failed(bench).error.startswith("timed out after 3 s\n")


def test_an_interrupted_coroutine_is_cancelled(bench: Bench) -> None:
    began, was_cancelled = threading.Event(), threading.Event()

    async def handle(_message: HandlerMessage) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    bench.give(handle)
    began.wait(BENCH_S)
    bench.runner.interrupt(5, "stopped")

    assert failed(bench).verb == "release"
    assert was_cancelled.wait(BENCH_S)


def test_an_interruption_for_another_message_reaches_nobody(bench: Bench) -> None:
    assert not bench.runner.interrupt(6, "timeout")


def test_extending_moves_the_deadline_and_the_lease(bench: Bench) -> None:
    deadlines: list[float] = []

    def handle(message: HandlerMessage) -> None:
        before = bench.slots.read()[0]
        message.extend(500)
        deadlines.append(bench.slots.read()[0].deadline - before.started)

    bench.give(handle, timeout=10)
    bench.outcome()

    assert bench.extended == [(5, 500)]
    assert deadlines[0] >= 500


def test_a_handler_is_told_that_the_daemon_stops(bench: Bench) -> None:
    bench.stopping.set()
    seen: list[bool] = []
    bench.give(lambda message: seen.append(message.stopping.is_set()))
    bench.outcome()

    assert seen == [True]
