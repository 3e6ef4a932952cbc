"""Measures what a dropped file holds before any of it is taken: a small compressed one may hold terabytes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from smq_core.jsonl import DamagedSourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.jsonl import Source

__all__ = ["holds_more_than"]

_STEP: Final = 16 * 1024 * 1024
"""Bytes between two questions whether to go on: about 50 ms of unpacking."""


def holds_more_than(source: Source, limit: int, goes_on: Callable[[], bool]) -> bool:
    """Return whether a file is longer than `limit` bytes, unpacked where it is compressed.

    Unpacking costs a tenth of the import that follows, and keeps nothing; what is damaged is as long as what
    comes before the damage. When it may not go on, the answer is no.
    """
    if not source.is_compressed:
        return (source.size or 0) > limit
    reader = source.reader()
    with contextlib.suppress(DamagedSourceError):
        while goes_on() and reader.skip(min(limit + 1, reader.position + _STEP)):
            if reader.position > limit:
                return True
    return False
