from __future__ import annotations

import asyncio
import datetime
import mmap
import queue
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core.clock import SystemClock
from smq_core.daemon.outcomes import Bury, Retry
from smq_core.daemon.protocol import Delivery, Failed, HandlerSpec, Printed
from smq_core.daemon.runner import Action, Runner
from smq_core.daemon.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.daemon.incoming import HandlerMessage

BENCH_S = 10.0


class Bench:
    """A runner on its own: what goes in, and what comes out."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self.out: queue.SimpleQueue[int | Failed | Printed] = queue.SimpleQueue()
        self.extended: list[tuple[int, float | None]] = []
        self.slots = Slots(mmap.mmap(-1, 4096), 0, 1)
        self.stopping = threading.Event()
        self.actions: dict[str, Action] = {}
        self.loop = asyncio.new_event_loop()
        self.loop_thread = threading.Thread(target=self.loop.run_forever)
        self.loop_thread.start()
        self.runner = Runner(
            0,
            inbox=self.inbox,
            outbox=self,
            actions=self.actions.get,
            slots=self.slots,
            stopping=self.stopping,
            loop=lambda: self.loop,
            clock=SystemClock(),
        )
        self.runner.start()

    def done(self, message_id: int, took_s: float) -> None:
        """Take an ack."""
        assert took_s >= 0
        self.out.put(message_id)

    def printed(self, outcome: Printed, took_s: float) -> None:
        """Take an ack of a command."""
        assert took_s >= 0
        self.out.put(outcome)

    def failed(self, outcome: Failed, took_s: float) -> None:
        """Take another outcome."""
        assert took_s >= 0
        self.out.put(outcome)

    def extend(self, message_id: int, seconds: float | None) -> None:
        """Take a request for time."""
        self.extended.append((message_id, seconds))

    def give(
        self, handler: Callable[[HandlerMessage], object], body: str = "1", *, timeout: float = 60.0
    ) -> None:
        """Deliver message 5 of topic t to a handler."""
        self.actions["t"] = Action(HandlerSpec("t", "a:b", timeout_s=timeout), handler)
        self.inbox.put(
            Delivery(5, "t", body, "json", '{"h":"v"}', 0, None, 2, 3, None, 1500, 0, "before", 0, 0)
        )

    def command(self, script: str, *, timeout: float = 60.0) -> None:
        """Deliver message 5 of topic t to a command."""
        spec = HandlerSpec("t", command=("sh", "-c", script), timeout_s=timeout)
        self.actions["t"] = Action(spec, None)
        self.inbox.put(Delivery(5, "t", "1", "json", None, 0, None, 1, 1, None, 0, 0, None, 0, 0))

    def outcome(self) -> int | Failed | Printed:
        """Wait for an id that was acked, or another outcome."""
        return self.out.get(timeout=BENCH_S)

    def close(self) -> None:
        """End the threads."""
        self.inbox.put(None)
        self.runner.join(BENCH_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.loop_thread.join()
        self.loop.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def failed(bench: Bench) -> Failed:
    outcome = bench.outcome()
    assert isinstance(outcome, Failed)
    return outcome


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


def test_an_exception_is_a_requeue_with_the_handler_s_own_traceback(bench: Bench) -> None:
    def handle(message: HandlerMessage) -> None:
        raise ValueError(f"no {message.payload!r}")

    bench.give(handle)
    outcome = failed(bench)

    assert (outcome.verb, outcome.delay_s) == ("requeue", None)
    assert outcome.error.startswith("ValueError: no 1\n")
    assert "in handle" in outcome.error
    assert "_outcome" not in outcome.error


def test_retry_says_when(bench: Bench) -> None:
    def handle(_message: HandlerMessage) -> None:
        raise Retry(delay=30, why="not yet")

    bench.give(handle)

    assert failed(bench) == Failed(5, "requeue", "not yet", 30)


def test_bury_says_why(bench: Bench) -> None:
    def handle(_message: HandlerMessage) -> None:
        raise Bury("no such customer")

    bench.give(handle)

    assert failed(bench) == Failed(5, "bury", "no such customer")


def test_even_an_exit_is_only_a_failure(bench: Bench) -> None:
    bench.give(lambda _message: exit(3))  # noqa: PLR1722 - what a handler may do

    assert failed(bench).error.startswith("SystemExit: 3")


def test_a_payload_that_cannot_be_decoded_fails_its_message_alone(bench: Bench) -> None:
    bench.give(lambda _message: None, "{")
    assert "InvalidMessage" in failed(bench).error

    bench.give(lambda _message: None)
    assert bench.outcome() == 5


def test_a_long_error_keeps_its_beginning_and_its_end(bench: Bench) -> None:
    def handle(_message: HandlerMessage) -> None:
        raise ValueError("x" * 100_000 + "end")

    bench.give(handle)
    error = failed(bench).error

    assert len(error) <= 8192
    assert error.startswith("ValueError: xxx")
    assert error.endswith("end")


def test_a_coroutine_runs_on_the_event_loop(bench: Bench) -> None:
    loops: list[object] = []

    async def handle(_message: HandlerMessage) -> None:
        loops.append(asyncio.get_running_loop())

    bench.give(handle)
    bench.outcome()

    assert loops == [bench.loop]


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


def test_a_command_that_ends_well_is_an_ack_with_what_it_printed(bench: Bench) -> None:
    bench.command("echo counted")

    assert bench.outcome() == Printed(5, "counted")


def test_a_command_that_was_ended_tells_what_it_printed_and_no_stack(bench: Bench) -> None:
    bench.command("echo begun; while :; do sleep 1; done", timeout=3)
    while bench.slots.read()[0].command_group == 0:
        pass
    bench.runner.interrupt(5, "timeout")

    lines = failed(bench).error.split("\n")
    assert lines[:2] == ["timed out after 3 s", "sh was ended at its timeout"]
    assert lines[2:] in ([], ["begun"])


@pytest.mark.parametrize(
    ("delay", "delay_s", "error"),
    [
        (-3.0, 0.0, "later"),
        ("5", None, "Retry: delay '5' is no number of seconds; the topic's back-off is taken\nlater"),
        (float("nan"), None, "Retry: delay nan is no number"),
        (1e300, None, "Retry: delay of 1e+300 s is out of range"),
        (datetime.timedelta(seconds=5), None, "Retry: delay datetime.timedelta(seconds=5) is no number"),
    ],
)
def test_a_delay_that_nobody_can_wait_for_is_told_and_the_back_off_taken(
    bench: Bench, delay: object, delay_s: float | None, error: str
) -> None:
    def handle(_message: HandlerMessage) -> None:
        raise Retry(delay=delay, why="later")  # type: ignore[arg-type]  # what handlers give

    bench.give(handle)
    outcome = failed(bench)

    assert (outcome.verb, outcome.delay_s) == ("requeue", delay_s)
    assert outcome.error.startswith(error)


def test_a_reason_may_be_the_exception_that_was_caught(bench: Bench) -> None:
    def handle(_message: HandlerMessage) -> None:
        try:
            int("x")
        except ValueError as error:
            raise Bury(error) from error

    bench.give(handle)

    assert failed(bench).error == "invalid literal for int() with base 10: 'x'"


class Refusal(Bury):
    """Leaves out what its base would have kept."""

    def __init__(self) -> None: ...


def test_an_outcome_of_a_class_of_the_handlers_own_needs_nothing_of_its_base(bench: Bench) -> None:
    def handle(_message: HandlerMessage) -> None:
        raise Refusal

    bench.give(handle)

    assert failed(bench) == Failed(5, "bury", "Refusal")


@pytest.mark.parametrize("kind", [ValueError, Retry, Bury])
def test_half_a_surrogate_pair_in_an_error_is_sent_as_its_escape(bench: Bench, kind: type[Exception]) -> None:
    def handle(_message: HandlerMessage) -> None:
        raise kind("\ud800") if kind is not Retry else Retry(why="\ud800")

    bench.give(handle)

    assert "\\ud800" in failed(bench).error


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1, 0, 1e300, "5"])
def test_an_extension_that_is_no_time_is_the_handler_s_error(bench: Bench, seconds: float) -> None:
    bench.give(lambda message: message.extend(seconds))

    assert failed(bench).error.startswith("smq_core.errors.InvalidMessage: extension")
    assert bench.extended == []


def test_a_coroutine_that_a_plain_function_gives_back_is_run(bench: Bench) -> None:
    """A decorator that knows nothing of coroutines makes such functions."""
    seen: list[int] = []

    async def handle(message: HandlerMessage) -> None:
        seen.append(message.id)

    def decorated(message: HandlerMessage) -> object:
        return handle(message)

    bench.give(decorated)
    bench.outcome()

    assert seen == [5]


def test_a_generator_is_no_handler(bench: Bench) -> None:
    def handle(message: HandlerMessage) -> Iterator[int]:
        yield message.id

    bench.give(handle)

    assert failed(bench).error.startswith("TypeError: the handler is a generator")
