"""What a handler gave back instead of running it: an ack without that would lose the message."""

from __future__ import annotations

import concurrent.futures
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

__all__ = ["finish", "work_left"]


def work_left(result: object) -> Coroutine[object, object, object] | None:
    """Return what is still to be awaited of a handler's result; None: nothing.

    Raises:
        TypeError: when the result stands for work that cannot be awaited.
    """
    if result is None:
        return None
    if inspect.iscoroutine(result):
        return result
    if inspect.isawaitable(result):
        return finish(result)
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError(
            "the handler is a generator, and none of it was run: it must return instead of yielding"
        )
    if isinstance(result, concurrent.futures.Future):
        raise TypeError(
            "the handler returned a future, whose work may still be running or may fail: "
            "it must wait for the future and return its result()"
        )
    return None


async def finish(awaitable: Awaitable[object]) -> None:
    """Await something, and whatever it gives back in its turn."""
    left = work_left(await awaitable)
    if left is not None:
        await finish(left)
