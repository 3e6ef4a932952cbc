"""What every measured queue looks like to the loops: verbs, of which a queue offers those that it has."""

# ruff: noqa: ARG002 - a verb that is not offered looks at no argument

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["TOPIC", "Contender", "Mode", "NotOfferedError"]

TOPIC = os.environ.get("SMQ_BENCH_TOPIC", "t")
Mode: TypeAlias = Literal["default", "full", "normal"]
"""How durable a commit is: as the queue has it, flushed to the disk each time, or not."""


class NotOfferedError(Exception):
    """A queue has no such verb, or no such mode."""


class Contender:
    """A queue in one file of a folder. A verb that a subclass leaves out is not offered."""

    loses_on_crash = False
    """What was handed out is gone already: a crash of the consumer loses it."""

    fill_mode: Mode = "normal"
    """The mode in which it is filled before it is measured: the fastest that leaves no trace in the file."""

    def __init__(self, folder: str, mode: Mode) -> None:
        """Open the queue, creating it when it is not there."""
        raise NotImplementedError

    def prepare(self, payload: str) -> object:
        """Turn a JSON text into what the queue takes, outside the timed loops."""
        return payload

    def put(self, payload: object) -> object:
        """Add a message."""
        raise NotOfferedError("put")

    def put_many(self, payloads: Sequence[object]) -> object:
        """Add messages in one transaction."""
        raise NotOfferedError("put_many")

    def take(self) -> object | None:
        """Take the next message without waiting; None when there is none."""
        raise NotOfferedError("take")

    def finish(self, taken: object) -> None:
        """Acknowledge what was taken."""
        raise NotOfferedError("finish")

    def exchange(self, taken: object | None) -> object | None:
        """Acknowledge what was taken and take the next message, in one call."""
        raise NotOfferedError("exchange")

    def take_many(self, limit: int) -> Sequence[object]:
        """Take up to so many messages."""
        raise NotOfferedError("take_many")

    def finish_many(self, taken: Sequence[object]) -> None:
        """Acknowledge all of what was taken."""
        raise NotOfferedError("finish_many")

    def payload(self, taken: object) -> object:
        """Return the payload of what was taken, as `prepare` made it."""
        raise NotOfferedError("payload")

    def serve(self, handler: Callable[[object], object]) -> None:
        """Hand every message to a handler in the queue's own waiting consumer, for ever."""
        raise NotOfferedError("serve")

    def depth(self) -> int:
        """Count what waits, by the queue's own count of all its topics."""
        raise NotOfferedError("depth")

    def settings(self) -> dict[str, str]:
        """Return the version, the journal mode and the synchronous mode that the queue really runs with."""
        return {}

    def close(self) -> None:
        """Close what is open."""
