"""The loop that asynchronous handlers share: one for all, and none of them can end it for the others."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.daemon.bench import BENCH_S, failed, own_process

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from smq_core.handler import HandlerMessage
    from tests.daemon.bench import Bench

THREADS = 30
ROUNDS = 20


def loops_of_threads_that_ask_at_once() -> set[asyncio.AbstractEventLoop]:
    process, together = own_process(), threading.Barrier(THREADS)

    def ask(_number: int) -> asyncio.AbstractEventLoop:
        together.wait()
        return process.loop.get()

    with ThreadPoolExecutor(THREADS) as pool:
        loops = set(pool.map(ask, range(THREADS)))
    process.loop.end(BENCH_S)
    for loop in loops:
        loop.close()
    return loops


def test_threads_that_ask_at_once_get_the_same_loop() -> None:
    for _ in range(ROUNDS):
        assert len(loops_of_threads_that_ask_at_once()) == 1


def raising(error: BaseException) -> Callable[[HandlerMessage], Coroutine[object, object, None]]:
    async def handle(_message: HandlerMessage) -> None:
        await asyncio.sleep(0)
        raise error

    return handle


async def stop_the_loop(_message: HandlerMessage) -> None:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0)


async def exit_in_a_task(_message: HandlerMessage) -> None:
    async def leave() -> None:
        raise SystemExit(3)

    await asyncio.create_task(leave())


@pytest.mark.parametrize(
    "error",
    [SystemExit(1), SystemExit("bye"), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()],
)
def test_a_coroutine_that_raises_what_ends_a_loop_fails_and_others_run(
    bench: Bench, error: BaseException
) -> None:
    bench.give(raising(error))
    assert type(error).__name__ in failed(bench).error

    bench.give(raising(ValueError("the loop runs")))
    assert "the loop runs" in failed(bench).error


def test_a_task_that_exits_fails_its_handler_and_others_run(bench: Bench) -> None:
    bench.give(exit_in_a_task)
    assert "SystemExit: 3" in failed(bench).error

    bench.give(raising(ValueError("the loop runs")))
    assert "the loop runs" in failed(bench).error


def test_a_stopped_loop_runs_again(bench: Bench) -> None:
    bench.give(stop_the_loop)
    assert bench.outcome() == 5

    bench.give(raising(ValueError("the loop runs")))
    assert "the loop runs" in failed(bench).error


def test_a_coroutine_that_does_not_end_when_told_is_waited_for(bench: Bench) -> None:
    """Told as ended it would run beside the next try of its message, and nobody would end its process."""
    began, told, may_end = threading.Event(), threading.Event(), threading.Event()

    async def handle(_message: HandlerMessage) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.set()
            await asyncio.to_thread(may_end.wait, BENCH_S)

    bench.give(handle)
    began.wait(BENCH_S)
    bench.runner.interrupt(5, "timeout")
    told.wait(BENCH_S)
    was_silent = bench.out.empty()
    may_end.set()

    assert was_silent
    assert bench.outcome() == 5


def making(made: object) -> Callable[..., object]:
    return lambda *_given, **_named: made


def failing(*_given: object, **_named: object) -> NoReturn:
    raise RuntimeError("a task factory that fails")


@pytest.mark.parametrize("factory", [failing, making(None), making(object())])
def test_a_task_factory_that_a_handler_leaves_keeps_no_other_from_running(
    bench: Bench, factory: Callable[..., object]
) -> None:
    async def leave(_message: HandlerMessage) -> None:
        asyncio.get_running_loop().set_task_factory(factory)  # type: ignore[arg-type]  # it is not one, which is what is tried

    bench.give(leave)
    assert bench.outcome() == 5

    bench.give(raising(ValueError("the loop runs")))
    assert "the loop runs" in failed(bench).error
