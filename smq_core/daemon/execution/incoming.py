"""The message as a handler sees it.

What was stored, and the few things that a handler may ask of its daemon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.payload import decode, decode_headers

if TYPE_CHECKING:
    import threading

    from smq_core.daemon.execution.runner import Runner
    from smq_core.daemon.wire.protocol import Delivery
    from smq_core.message import Payload

__all__ = ["HandlerMessage"]


class HandlerMessage:
    """One message being handled."""

    __slots__ = ("_delivery", "_runner", "headers", "id", "payload", "topic")

    def __init__(self, delivery: Delivery, runner: Runner) -> None:
        """Decode what was delivered.

        Raises:
            InvalidMessage: when the row was changed by hand so that it cannot be decoded; the message
                then fails.
        """
        self._delivery = delivery
        self._runner = runner
        self.id: int = delivery.id
        self.topic: str = delivery.topic
        self.payload: Payload = decode(delivery.stored, delivery.kind)
        self.headers: dict[str, str] = decode_headers(delivery.headers)

    @property
    def attempts(self) -> int:
        """How many times it was tried, this one included."""
        return self._delivery.attempts

    @property
    def deliveries(self) -> int:
        """How many times it was leased, ever."""
        return self._delivery.deliveries

    @property
    def max_attempts(self) -> int | None:
        """After how many attempts it is dead; None: its topic's policy says."""
        return self._delivery.max_attempts

    @property
    def priority(self) -> int:
        """Higher comes first."""
        return self._delivery.priority

    @property
    def key(self) -> str | None:
        """What it is unique by among the unfinished messages of its topic."""
        return self._delivery.key

    @property
    def created_at(self) -> float:
        """When it was enqueued, in seconds since the epoch."""
        return self._delivery.created_at / 1000

    @property
    def last_error(self) -> str | None:
        """Why it failed the last time."""
        return self._delivery.last_error

    @property
    def stopping(self) -> threading.Event:
        """Set when the daemon stops: a long handler looks at it and ends early."""
        return self._runner.stopping

    def extend(self, seconds: float | None = None) -> None:
        """Ask for more time: the handler's timeout starts again, or is over in `seconds`.

        The lease follows.
        """
        self._runner.extend(self._delivery.tag, seconds)
