"""Tools for tests of a queue: a manual clock, seeded randomness, messages with default values.

The product imports none of it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.store.records import LeaseRequest, NewMessage, Selection

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EPOCH_MS", "ManualClock", "make_message", "make_request", "seeded_random", "select"]

EPOCH_MS: Final = 1_700_000_000_000
"""When a manual clock begins, in milliseconds since the epoch."""


class ManualClock:
    """A clock that moves only when a test moves it."""

    def __init__(self, now_ms: int = EPOCH_MS) -> None:
        """Start at a moment."""
        self._now_ms = now_ms
        self._monotonic = 0.0

    def now_ms(self) -> int:
        """Return the wall-clock time in milliseconds since the epoch."""
        return self._now_ms

    def monotonic(self) -> float:
        """Return the number of seconds by which it has been advanced."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ms += round(seconds * 1000)
        self._monotonic += seconds

    def step(self, seconds: float) -> None:
        """Move the wall clock forward or back, as an administrator does; no time passes."""
        self._now_ms += round(seconds * 1000)


def seeded_random(seed: int = 0) -> random.Random:
    """Return a source of receipts and jitter that repeats itself."""
    return random.Random(seed)  # noqa: S311 - repeatable is what it is for


def make_message(topic: str = "mail", body: str | bytes = "hello", **changes: object) -> NewMessage:
    """Return a message to be stored, with defaults for the fields that are not given."""
    message = NewMessage(
        topic=topic, body=body, kind="bytes" if isinstance(body, bytes) else "text", available_at=EPOCH_MS
    )
    return msgspec.structs.replace(message, **changes)


def make_request(*topics: str, receipt: int = 1, limit: int = 1, **changes: object) -> LeaseRequest:
    """Return the request that a dequeue sends to a store, with defaults for the fields that are not given."""
    request = LeaseRequest(topics=topics or ("mail",), limit=limit, receipt=receipt, visibility_ms=60_000)  # type: ignore[arg-type]  # a receipt is any number
    return msgspec.structs.replace(request, **changes)


def select(
    topic: str | None = None, state: str | None = None, *, where: Mapping[str, object] | None = None
) -> Selection:
    """Return a selection of everything that matches a filter's fields."""
    return msgspec.convert({"topic": topic, "state": state, "where": where or {}}, Selection)
