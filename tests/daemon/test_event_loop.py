from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from smq_core.daemon.event_loop import EventLoop

if TYPE_CHECKING:
    import asyncio

THREADS = 30
ROUNDS = 20


def loops_of_threads_that_ask_at_once() -> set[asyncio.AbstractEventLoop]:
    loop, together = EventLoop(), threading.Barrier(THREADS)

    def ask(_number: int) -> asyncio.AbstractEventLoop:
        together.wait()
        return loop.get()

    with ThreadPoolExecutor(THREADS) as pool:
        return set(pool.map(ask, range(THREADS)))


def close(loops: set[asyncio.AbstractEventLoop]) -> None:
    for loop in loops:
        loop.call_soon_threadsafe(loop.stop)
    for thread in threading.enumerate():
        if thread.name == "event-loop":
            thread.join()
    for loop in loops:
        loop.close()


def test_threads_that_ask_at_once_get_the_same_loop() -> None:
    for _ in range(ROUNDS):
        loops = loops_of_threads_that_ask_at_once()
        close(loops)

        assert len(loops) == 1
