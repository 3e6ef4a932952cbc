"""What travels between screens, app and gateway.

Questions go up; answers return to the component that asked, from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message_pump import MessagePump

    from smq_tui.figures.snapshot import Reading
    from smq_tui.requests import Request

__all__ = [
    "ActionChosen",
    "Answered",
    "Asked",
    "DatabaseChosen",
    "LookWanted",
    "PaceChanged",
    "Progressed",
    "QuitWanted",
    "Refreshed",
    "Reply",
    "RequestFailed",
    "Withdrawn",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request continues, on the thread of the asker; only the component that asked is called."""

    answered: Callable[[object], None]
    """Called with the gateway's answer."""
    failed: Callable[[str], None]
    """Called instead with a sentence that says why there is none."""
    progressed: Callable[[int, int | None], None]
    """Called meanwhile with how much is done, and of how much if that is known."""

    @classmethod
    def of(
        cls,
        kind: type[T],
        then: Callable[[T], None],
        failed: Callable[[str], None],
        progressed: Callable[[int, int | None], None],
    ) -> Reply:
        """Make a reply whose answer is of a kind.

        Its `answered` raises TypeError for an answer of another kind.
        """

        def answered(value: object) -> None:
            if not isinstance(value, kind):
                raise TypeError(f"the answer is of type {type(value).__name__}, not {kind.__name__}")
            then(value)

        return cls(answered, failed, progressed)


class Asked(Message):
    """A screen wants something of the gateway; without a reply it takes what comes back itself."""

    def __init__(self, asker: MessagePump, request: Request, reply: Reply | None = None) -> None:
        super().__init__()
        # Else it would end at whoever handles something at the moment.
        self.set_sender(asker)
        self.asker = asker
        self.request = request
        self.reply = reply


class Withdrawn(Message):
    """A screen does not want the rest of what it asked for: a search or a long action ends where it is."""

    def __init__(self, asker: MessagePump) -> None:
        super().__init__()
        self.set_sender(asker)
        self.asker = asker


class Answered(Message, bubble=False):
    """The gateway's answer to a request."""

    def __init__(
        self, request: Request, value: object, took_s: float = 0.0, reply: Reply | None = None
    ) -> None:
        super().__init__()
        self.request = request
        self.value = value
        self.took_s = took_s
        """How long it took, the waiting for others not counted."""
        self._reply = reply

    def hand_on(self) -> None:
        """Give the answer to the one that asked."""
        if self._reply is not None:
            self._reply.answered(self.value)


class RequestFailed(Message, bubble=False):
    """A request that could not be carried out, with a sentence that says why; nothing is left half done."""

    def __init__(self, request: Request, sentence: str, reply: Reply | None = None) -> None:
        super().__init__()
        self.request = request
        self.sentence = sentence
        self._reply = reply

    def hand_on(self) -> None:
        """Give the reason to the one that asked."""
        if self._reply is not None:
            self._reply.failed(self.sentence)


class Progressed(Message, bubble=False):
    """How far a long request has come."""

    def __init__(
        self,
        request: Request,
        done: int,
        total: int | None = None,
        detail: object = None,
        reply: Reply | None = None,
    ) -> None:
        super().__init__()
        self.request = request
        self.done = done
        self.total = total
        self.detail = detail
        self._reply = reply

    def hand_on(self) -> None:
        """Report it to the one that asked."""
        if self._reply is not None:
            self._reply.progressed(self.done, self.total)

    def can_replace(self, message: Message) -> bool:
        """Only the latest matters."""
        return isinstance(message, Progressed) and message.request is self.request


class Refreshed(Message, bubble=False):
    """A look at the database: what it brought, or a sentence that says why it could not be read."""

    def __init__(self, reading: Reading | None, *, trouble: str = "", has_changed: bool = True) -> None:
        super().__init__()
        self.reading = reading
        self.trouble = trouble
        self.has_changed = has_changed
        """False when nothing has been written since the previous look."""


class ActionChosen(Message):
    """Somebody clicked on an action."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action


class PaceChanged(Message):
    """The session's pace has changed: look at this interval, in seconds, unless refreshing is paused."""

    def __init__(self, interval: float) -> None:
        super().__init__()
        self.interval = interval


class LookWanted(Message):
    """Look now."""


class QuitWanted(Message):
    """Somebody wants to leave."""


class DatabaseChosen(Message):
    """Show another database: one of the configuration by its name, or a file by its path."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
