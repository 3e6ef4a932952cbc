"""The API for handlers: the message, what a handler may raise, and what may be raised inside it.

The daemon's worker processes run handlers; nothing of the daemon is imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from smq_core.payload import decode, decode_headers

if TYPE_CHECKING:
    import threading

    from smq_core.message import Payload

__all__ = [
    "Bury",
    "DeliveredMessage",
    "HandlerInterrupt",
    "HandlerMessage",
    "HandlerStopped",
    "HandlerThread",
    "HandlerTimeout",
    "Retry",
]


class DeliveredMessage(Protocol):
    """A leased message as its worker process received it."""

    @property
    def tag(self) -> int:
        """The number of this delivery."""
        ...

    @property
    def id(self) -> int:
        """The message's id."""
        ...

    @property
    def topic(self) -> str:
        """Its topic."""
        ...

    @property
    def stored(self) -> str | bytes:
        """The payload as its row holds it."""
        ...

    @property
    def kind(self) -> Literal["json", "text", "bytes", "auto"]:
        """How the payload is encoded."""
        ...

    @property
    def headers(self) -> str | None:
        """The headers as JSON; None: there are none."""
        ...

    @property
    def priority(self) -> int:
        """Higher comes first."""
        ...

    @property
    def key(self) -> str | None:
        """Unique among the unfinished messages of the topic."""
        ...

    @property
    def attempts(self) -> int:
        """How many leases count against `max_attempts`, this one included."""
        ...

    @property
    def deliveries(self) -> int:
        """How many times it has been leased in total."""
        ...

    @property
    def max_attempts(self) -> int | None:
        """After how many attempts it is dead; None: the topic's policy decides."""
        ...

    @property
    def created_at(self) -> int:
        """When it was enqueued, in milliseconds since the epoch."""
        ...

    @property
    def last_error(self) -> str | None:
        """Why it failed the last time."""
        ...


class HandlerThread(Protocol):
    """The thread that runs the handler."""

    @property
    def stopping(self) -> threading.Event:
        """Set when the daemon stops."""
        ...

    def extend(self, tag: int, seconds: float | None) -> None:
        """Give a delivery's handler a new deadline; None: its whole timeout again."""
        ...


class HandlerMessage:
    """One message being handled."""

    __slots__ = ("_delivered", "_thread", "headers", "id", "payload", "topic")

    def __init__(self, delivered: DeliveredMessage, thread: HandlerThread) -> None:
        """Decode what was delivered.

        Raises:
            InvalidMessage: when the row was changed by hand so that it cannot be decoded; the message
                then fails.
        """
        self._delivered = delivered
        self._thread = thread
        self.id: int = delivered.id
        self.topic: str = delivered.topic
        self.payload: Payload = decode(delivered.stored, delivered.kind)
        self.headers: dict[str, str] = decode_headers(delivered.headers)

    @property
    def attempts(self) -> int:
        """How many times it has been tried, including this time."""
        return self._delivered.attempts

    @property
    def deliveries(self) -> int:
        """How many times it has been leased in total."""
        return self._delivered.deliveries

    @property
    def max_attempts(self) -> int | None:
        """The number of attempts after which it is dead; None: as its topic's policy says."""
        return self._delivered.max_attempts

    @property
    def priority(self) -> int:
        """Higher comes first."""
        return self._delivered.priority

    @property
    def key(self) -> str | None:
        """The key that is unique among the unfinished messages of its topic."""
        return self._delivered.key

    @property
    def created_at(self) -> float:
        """When it was enqueued, in seconds since the epoch."""
        return self._delivered.created_at / 1000

    @property
    def last_error(self) -> str | None:
        """Why it failed the last time."""
        return self._delivered.last_error

    @property
    def stopping(self) -> threading.Event:
        """Set when the daemon stops: a long handler should check it and return early."""
        return self._thread.stopping

    def extend(self, seconds: float | None = None) -> None:
        """Ask for more time: the timeout restarts, or ends in `seconds`; the lease is extended with it."""
        self._thread.extend(self._delivered.tag, seconds)


class Retry(Exception):  # noqa: N818 - the word that handlers read best: `raise Retry(delay=30)`
    """Put the message back for another attempt, after `delay` seconds (None: the topic's back-off)."""

    delay: float | None = None
    why: str = ""

    def __init__(self, delay: float | None = None, why: object = "") -> None:
        """Store the delay and the reason, such as an exception."""
        self.delay = delay
        self.why = str(why)
        super().__init__(self.why or "retry requested")

    def __reduce__(self) -> tuple[type[Retry], tuple[float | None, str]]:
        """Pickle by the two parts, not by the sentence."""
        return type(self), (self.delay, self.why)


class Bury(Exception):  # noqa: N818 - the verb of the queue
    """Send the message straight to the dead letters, with the reason."""

    why: str = ""

    def __init__(self, why: object = "") -> None:
        """Store the reason, such as an exception."""
        self.why = str(why)
        super().__init__(self.why or "buried by its handler")


class HandlerInterrupt(BaseException):
    """Raised inside a handler that has to end now; no `except Exception` of the handler's stops it."""


class HandlerTimeout(HandlerInterrupt):
    """The handler ran past its timeout."""


class HandlerStopped(HandlerInterrupt):
    """The handler has to end.

    The daemon stops and its grace period is over: the message goes back uncounted. Or somebody took the
    message over, and it came back to this daemon: this run no longer counts.
    """
