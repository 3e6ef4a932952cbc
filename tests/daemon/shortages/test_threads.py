"""A thread that ends by an error is told of and started again, whatever it does."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.log import Journal
from smq_core.daemon.threads import PROVEN_S, SupervisedThread, Threads, report_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.testing import ManualClock


class Odd(BaseException):
    """What no ordinary handler of exceptions catches."""


class Fragile:
    """A service that does what it is told to at each of its runs, the last one again and again."""

    name = "fragile"

    def __init__(self, *runs: Callable[[], object]) -> None:
        self._runs = list(runs)
        self.began = threading.Semaphore(0)
        self.stopping = threading.Event()

    def run(self) -> None:
        """Do what is next."""
        self.began.release()
        self._runs.pop(0)() if self._runs else self.stopping.wait()

    def stop(self) -> None:
        """End the last run."""
        self.stopping.set()


def fail_with(error: BaseException) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervised(
    clock: ManualClock, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Fragile], Threads]]:
    """Start services in supervised threads that do not wait between their runs; stop them in the end."""
    monkeypatch.setattr("smq_core.daemon.threads.FIRST_WAIT_S", 0.0)
    threads = Threads(clock, Journal(clock, stream=log))

    def start(service: Fragile) -> Threads:
        threads.add(service)
        threads.start()
        return threads

    yield start
    threads.stop()


@pytest.mark.parametrize(
    "error", [RuntimeError("broken\n\x1b[31m"), SystemExit(1), KeyboardInterrupt(), Odd("odd"), MemoryError()]
)
def test_a_thread_that_ends_by_any_error_begins_again(
    supervised: Callable[[Fragile], Threads], log: io.StringIO, error: BaseException
) -> None:
    service = Fragile(fail_with(error), fail_with(error))
    threads = supervised(service)
    for _ in range(3):
        assert service.began.acquire(timeout=30)

    assert log.getvalue().count("thread_failed") == 1
    assert "Traceback" in log.getvalue()
    assert "\x1b" not in log.getvalue()
    condition = threads.conditions()["fragile"]
    assert condition.startswith("fragile is failing: ")
    assert type(error).__name__ in condition
    assert "\x1b" not in condition


def test_a_thread_that_ends_unasked_begins_again(
    supervised: Callable[[Fragile], Threads], log: io.StringIO
) -> None:
    service = Fragile(lambda: None)
    supervised(service)
    for _ in range(2):
        assert service.began.acquire(timeout=30)

    assert "it ended unexpectedly" in log.getvalue()


def test_a_thread_that_has_run_for_a_while_is_well_again_and_fails_anew_when_it_does(
    supervised: Callable[[Fragile], Threads], clock: ManualClock, log: io.StringIO
) -> None:
    failing = threading.Event()

    def fail_later() -> object:
        failing.wait()
        raise RuntimeError("again")

    service = Fragile(fail_with(RuntimeError("once")), fail_later)
    threads = supervised(service)
    for _ in range(2):
        assert service.began.acquire(timeout=30)

    clock.advance(PROVEN_S / 2)
    assert threads.conditions()["fragile"]
    clock.advance(PROVEN_S / 2)
    assert threads.conditions() == {"fragile": ""}
    assert "thread_failed_over" in log.getvalue()

    failing.set()
    assert service.began.acquire(timeout=30)
    assert "again" in threads.conditions()["fragile"]
    assert log.getvalue().count("thread_failed:") == 2


def test_the_wait_before_a_start_grows(clock: ManualClock, log: io.StringIO) -> None:
    """The event that ends the wait stands in for time."""
    waits: list[float] = []
    enough = threading.Event()

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            if len(waits) == 8:
                self.set()
                enough.set()
            return self.is_set()

    thread = SupervisedThread(Fragile(*[fail_with(ValueError())] * 10), clock, Journal(clock, stream=log))
    thread._stopping = Stopping()
    thread.start()
    assert enough.wait(30)
    thread.stop()

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_thread_that_is_stopped_while_it_fails_ends(clock: ManualClock, log: io.StringIO) -> None:
    service = Fragile(fail_with(ValueError("first")))
    thread = SupervisedThread(service, clock, Journal(clock, stream=log))
    thread.start()
    assert service.began.acquire(timeout=30)
    thread.stop()  # it waits for its next start


def test_what_was_never_started_can_be_stopped(clock: ManualClock, log: io.StringIO) -> None:
    threads = Threads(clock, Journal(clock, stream=log))
    threads.add(Fragile())
    threads.stop()


def test_any_other_thread_that_ends_by_an_error_is_told_of(
    clock: ManualClock, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", report_ended(Journal(clock, stream=log)))
    thread = threading.Thread(target=fail_with(RuntimeError("broken")), name="lonely")
    thread.start()
    thread.join()

    assert "thread_ended: the thread lonely ended with an error" in log.getvalue()
