"""Whatever a handler raises, returns or asks for becomes an outcome of its message."""

from __future__ import annotations

import concurrent.futures
import datetime
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.wire.protocol import Failed, Printed
from smq_core.handler import Bury, Retry
from tests.daemon.bench import failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.handler import HandlerMessage
    from tests.daemon.bench import Bench


def test_an_exception_is_a_requeue_with_the_handler_s_own_traceback(bench: Bench) -> None:
    def handle(message: HandlerMessage) -> None:
        raise ValueError(f"no {message.payload!r}")

    bench.give(handle)
    outcome = failed(bench)

    assert (outcome.verb, outcome.delay_s) == ("requeue", None)
    assert outcome.error.startswith("ValueError: no 1\n")
    assert "in handle" in outcome.error
    assert "in _outcome" not in outcome.error


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


def test_a_command_that_ends_well_is_an_ack_with_what_it_printed(bench: Bench) -> None:
    bench.command("echo counted")

    assert bench.outcome() == Printed(5, "counted")


def test_a_command_that_was_ended_tells_what_it_printed_and_no_stack(bench: Bench) -> None:
    bench.command("echo begun; while :; do sleep 1; done", timeout=3)
    while bench.slots.read()[0].command_group == 0:
        pass
    bench.runner.interrupt(5, "timeout")

    lines = failed(bench).error.split("\n")
    assert lines[:2] == ["timed out after 3 s", "sh timed out and was stopped"]
    assert lines[2:] in ([], ["begun"])


@pytest.mark.parametrize(
    ("delay", "delay_s", "error"),
    [
        (-3.0, 0.0, "later"),
        (
            "5",
            None,
            "Retry: delay must be a number of seconds, got '5'; the topic's back-off is used\nlater",
        ),
        (float("nan"), None, "Retry: delay must be a number of seconds, got nan"),
        (1e300, None, "Retry: delay of 1e+300 s is out of range"),
        (
            datetime.timedelta(seconds=5),
            None,
            "Retry: delay must be a number of seconds, got datetime.timedelta(seconds=5)",
        ),
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


def test_a_future_is_no_outcome(bench: Bench) -> None:
    bench.give(lambda _message: concurrent.futures.Future())

    assert failed(bench).error.startswith("TypeError: the handler returned a future")


class Awaited:
    """An awaitable that is not a coroutine, as tasks and many libraries' results are."""

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def __await__(self) -> Iterator[None]:
        """Give way once, and note that it was awaited to its end."""
        yield
        self._seen.append("awaited")


@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_handler_gives_back_to_be_awaited_is_awaited(bench: Bench, *, is_async: bool) -> None:
    seen: list[str] = []

    def plain(_message: HandlerMessage) -> object:
        return Awaited(seen)

    async def later(_message: HandlerMessage) -> object:
        return Awaited(seen)

    bench.give(later if is_async else plain)

    assert bench.outcome() == 5
    assert seen == ["awaited"]


def test_a_coroutine_that_a_coroutine_gives_back_is_run(bench: Bench) -> None:
    async def inner() -> None:
        raise ValueError("it was run")

    async def handle(_message: HandlerMessage) -> object:
        return inner()

    bench.give(handle)

    assert "it was run" in failed(bench).error
