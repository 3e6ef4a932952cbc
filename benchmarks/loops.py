"""The timed loops over a Contender. Each warms up first and answers seconds for exactly `count` messages."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.contender import Contender, NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOOPS", "fill"]

WARM_UP = 100
_FILL_BATCH = 1000


def enqueue(queue: Contender, count: int, _batch: int, payload: object) -> float:
    """Add one at a time."""
    for _ in range(WARM_UP):
        queue.put(payload)
    put = queue.put
    start = perf_counter()
    for _ in range(count):
        put(payload)
    return perf_counter() - start


def enqueue_many(queue: Contender, count: int, batch: int, payload: object) -> float:
    """Add a batch at a time."""
    payloads = [payload] * batch
    queue.put_many(payloads[:WARM_UP])
    start = perf_counter()
    for _ in range(count // batch):
        queue.put_many(payloads)
    return perf_counter() - start


def dequeue_ack(queue: Contender, count: int, _batch: int, payload: object) -> float:
    """Take and acknowledge one at a time, in two calls."""
    start = 0.0
    for number in range(WARM_UP + count):
        if number == WARM_UP:
            start = perf_counter()
        taken = queue.take()
        assert taken is not None
        queue.finish(taken)
    took = perf_counter() - start
    _check(queue, payload)
    return took


def exchange(queue: Contender, count: int, _batch: int, payload: object) -> float:
    """Acknowledge the last and take the next in one call."""
    taken = None
    start = 0.0
    for number in range(WARM_UP + count):
        if number == WARM_UP:
            start = perf_counter()
        taken = queue.exchange(taken)
        assert taken is not None
    took = perf_counter() - start
    assert queue.payload(taken) == payload
    return took


def batches(queue: Contender, count: int, batch: int, payload: object) -> float:
    """Take a batch and acknowledge all of it, in two calls."""
    start = 0.0
    for number in range(1 + count // batch):
        if number == 1:
            start = perf_counter()
        taken = queue.take_many(batch)
        assert len(taken) == batch
        queue.finish_many(taken)
    took = perf_counter() - start
    _check(queue, payload)
    return took


def fill(queue: Contender, count: int, payload: object) -> None:
    """Put so many messages in, in batches where the queue has them."""
    try:
        for start in range(0, count, _FILL_BATCH):
            queue.put_many([payload] * min(_FILL_BATCH, count - start))
    except NotOfferedError:
        for _ in range(count):
            queue.put(payload)


def _check(queue: Contender, payload: object) -> None:
    """See that the queue hands out what was put in: the loop before this measured real messages."""
    taken = queue.take()
    assert taken is not None
    assert queue.payload(taken) == payload
    queue.finish(taken)


LOOPS: dict[str, Callable[[Contender, int, int, object], float]] = {
    "enqueue": enqueue,
    "enqueue_many": enqueue_many,
    "dequeue_ack": dequeue_ack,
    "exchange": exchange,
    "batches": batches,
}
"""Every loop by its name."""
