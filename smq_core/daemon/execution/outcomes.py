"""What a handler raises to say how its message ends.

Pure: it imports nothing, so that handlers can import it anywhere.
"""

from __future__ import annotations

__all__ = ["Bury", "HandlerInterrupt", "HandlerStopped", "HandlerTimeout", "Retry"]


class Retry(Exception):  # noqa: N818 - the word that handlers read best: `raise Retry(delay=30)`
    """Put the message back for another attempt, after `delay` seconds (None: the topic's back-off)."""

    delay: float | None = None
    why: str = ""

    def __init__(self, delay: float | None = None, why: object = "") -> None:
        """Keep the wait and the reason, an exception for example."""
        self.delay = delay
        self.why = str(why)
        super().__init__(self.why or "retry asked for")

    def __reduce__(self) -> tuple[type[Retry], tuple[float | None, str]]:
        """Pickle by the two parts, not by the sentence."""
        return type(self), (self.delay, self.why)


class Bury(Exception):  # noqa: N818 - the verb of the queue
    """Send the message to the dead letters at once, with the reason."""

    why: str = ""

    def __init__(self, why: object = "") -> None:
        """Keep the reason, an exception for example."""
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
