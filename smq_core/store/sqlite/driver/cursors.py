"""Closes what a failed call left open. An open cursor holds its connection to the database as it was then.

A traceback keeps the frames of the functions that ended by the exception, and those keep their cursors, for
as long as anybody keeps the exception. Until they are closed, the connection reads old states, holds
checkpoints back, and cannot write once somebody else has committed.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["close_cursors_of"]

_OURS: Final = "smq_core.store."
"""Modules whose functions hold cursors; what a caller's functions hold stays for its debugger."""


def close_cursors_of(error: BaseException) -> None:
    """Let go of all that the store's functions hold which ended by an exception, or by one behind it."""
    for frame in _frames(error):
        if frame.f_globals.get("__name__", "").startswith(_OURS):
            # one that still runs keeps what it has
            with contextlib.suppress(RuntimeError):
                frame.clear()


def _frames(error: BaseException) -> Iterator[FrameType]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += (one.__cause__, one.__context__)
        place = one.__traceback__
        while place is not None:
            yield place.tb_frame
            place = place.tb_next
