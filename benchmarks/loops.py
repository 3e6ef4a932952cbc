"""The timed loops over a Contender. Each warms up first, and stops early only when its time is over."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from benchmarks.contender import Contender, NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOOPS", "WARM_UP", "Timed", "fill"]

WARM_UP = 100
"""Messages before the clock starts; as many as are measured, where those are fewer."""
_FILL_BATCH = 1_000
_LOOK_EVERY = 10
"""Steps between two looks at the clock."""


class Timed(NamedTuple):
    """What a loop did."""

    messages: int
    seconds: float


Loop: TypeAlias = "Callable[[Contender, int, int, object, float], Timed]"


def enqueue(queue: Contender, count: int, _batch: int, payload: object, cap_s: float) -> Timed:
    """Add one at a time."""
    step = partial(queue.put, payload)
    _repeat(step, min(WARM_UP, count), cap_s)
    return _repeat(step, count, cap_s)


def enqueue_many(queue: Contender, count: int, batch: int, payload: object, cap_s: float) -> Timed:
    """Add a batch at a time."""
    payloads = [payload] * batch
    queue.put_many(payloads[:WARM_UP])
    calls = _repeat(partial(queue.put_many, payloads), count // batch, cap_s)
    return Timed(calls.messages * batch, calls.seconds)


def dequeue_ack(queue: Contender, count: int, _batch: int, payload: object, cap_s: float) -> Timed:
    """Take and acknowledge one at a time, in two calls."""

    def step() -> None:
        taken = queue.take()
        assert taken is not None
        queue.finish(taken)

    _repeat(step, min(WARM_UP, count), cap_s)
    timed = _repeat(step, count, cap_s)
    _check(queue, payload)
    return timed


def exchange(queue: Contender, count: int, _batch: int, payload: object, cap_s: float) -> Timed:
    """Acknowledge the last and take the next in one call."""
    held = [queue.exchange(None)]

    def step() -> None:
        held[0] = queue.exchange(held[0])
        assert held[0] is not None

    _repeat(step, min(WARM_UP, count), cap_s)
    timed = _repeat(step, count, cap_s)
    assert held[0] is not None
    assert queue.payload(held[0]) == payload
    queue.finish(held[0])
    return timed


def batches(queue: Contender, count: int, batch: int, payload: object, cap_s: float) -> Timed:
    """Take a batch and acknowledge all of it, in two calls."""

    def step() -> None:
        taken = queue.take_many(batch)
        assert len(taken) == batch
        queue.finish_many(taken)

    step()
    calls = _repeat(step, count // batch, cap_s)
    _check(queue, payload)
    return Timed(calls.messages * batch, calls.seconds)


def depth(queue: Contender, count: int, _batch: int, _payload: object, cap_s: float) -> Timed:
    """Ask for the depth of all topics."""
    assert queue.depth() > 0
    return _repeat(queue.depth, count, cap_s)


def fill(queue: Contender, count: int, payload: object) -> None:
    """Put so many messages in, in batches where the queue has them."""
    try:
        for start in range(0, count, _FILL_BATCH):
            queue.put_many([payload] * min(_FILL_BATCH, count - start))
    except NotOfferedError:
        for _ in range(count):
            queue.put(payload)


def _repeat(step: Callable[[], object], times: int, cap_s: float) -> Timed:
    done, took = 0, 0.0
    start = perf_counter()
    while done < times and took < cap_s:
        for _ in range(min(_LOOK_EVERY, times - done)):
            step()
            done += 1
        took = perf_counter() - start
    return Timed(done, took)


def _check(queue: Contender, payload: object) -> None:
    """See that the queue hands out what was put in: the loop before this measured real messages."""
    taken = queue.take()
    assert taken is not None
    assert queue.payload(taken) == payload
    queue.finish(taken)


LOOPS: dict[str, Loop] = {
    "enqueue": enqueue,
    "enqueue_many": enqueue_many,
    "dequeue_ack": dequeue_ack,
    "exchange": exchange,
    "batches": batches,
    "depth": depth,
}
"""Every loop by its name."""
