"""The tree of errors that smq raises; it owns their exit codes and imports nothing.

    SmqError                          1
    ├── LeaseLost                     1   the message was leased again, or is finished
    ├── MessageNotFound               1   no message has that id
    ├── InvalidMessage (ValueError)  65   a message that cannot be stored as it is
    ├── InvalidLine                  65   a line that cannot be imported
    ├── UsageError                    2   an invalid call: fix the calling program
    └── StoreError                    1
        ├── StoreBusy                75   another process held the database for too long; try again
        ├── StoreUnavailable          1   it cannot be opened, read or written; nothing was written
        │   ├── NotDurable            1   it was written, but the flush failed: do not write it again
        │   └── OutcomeUnknown        1   the commit failed: whether it was written is unknown
        ├── StoreCorrupt              1   its content is inconsistent
        ├── SchemaTooNew              1   a newer smq created it
        └── NotAQueue                 1   it is not a queue

Each sentence says what failed, on what, and what to do. Errors of the database library stay below
`smq_core.store`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smq_core.message import Lease

__all__ = [
    "InvalidLine",
    "InvalidMessage",
    "LeaseLost",
    "MessageNotFound",
    "NotAQueue",
    "NotDurable",
    "OutcomeUnknown",
    "SchemaTooNew",
    "SmqError",
    "StoreBusy",
    "StoreCorrupt",
    "StoreError",
    "StoreUnavailable",
    "UsageError",
]


_NAMED = 5
"""Messages that a sentence names; the others are counted."""
_DROP = "drop the result of this run"
_CHANGED = "leased again, finished, or changed by an operator"
_TAKEN = f"returned when it expired, {_CHANGED}"
_NOT_DONE = {
    "ack": ("acked", _CHANGED, _DROP),
    "extend": ("extended", _TAKEN, "stop this run, because its result will be dropped"),
    "requeue": ("requeued", _TAKEN, _DROP),
    "release": ("released", _TAKEN, _DROP),
    "bury": ("buried", _TAKEN, _DROP),
}
"""What a holder's write would have done, why it was not, and what is left to do."""


class SmqError(Exception):
    """Everything that smq raises on purpose."""

    exit_code: ClassVar[int] = 1
    """What a command ends with when this reaches its top (sysexits.h: 65 bad data, 75 try again)."""


class LeaseLost(SmqError):
    """A holder's write came too late.

    The message was leased again, finished, or changed by an operator.

    Nothing was changed for the leases in `leases`; others of the same call were written.
    """

    def __init__(self, leases: Sequence[Lease], verb: str = "ack") -> None:
        """Keep the leases, and say what of them was not done (`ack`, `extend` …) and what to do now."""
        self.leases = tuple(leases)
        self.verb = verb
        past, why, advice = _NOT_DONE[verb]
        ids = tuple(lease.message.id for lease in self.leases)
        each = "it" if len(ids) == 1 else "each"
        super().__init__(f"lease lost, {_messages(ids)} not {past}: {each} was {why}; {advice}")

    def __reduce__(self) -> tuple[type[LeaseLost], tuple[tuple[Lease, ...], str]]:
        """Pickle by the parts, not by the sentence, so that process pools can hand the error on."""
        return type(self), (self.leases, self.verb)


class MessageNotFound(SmqError):
    """No message has this id: it was processed, purged, or never existed."""

    def __init__(self, message_id: int) -> None:
        """Keep the id that was asked for."""
        self.message_id = message_id
        super().__init__(f"no message {message_id}: it was processed, purged, or never existed")

    def __reduce__(self) -> tuple[type[MessageNotFound], tuple[int]]:
        """Pickle by the id."""
        return type(self), (self.message_id,)


class InvalidMessage(SmqError, ValueError):
    """An invalid topic, payload, header, key or number; nothing was stored."""

    exit_code: ClassVar[int] = 65


class InvalidLine(SmqError):
    """A line that cannot be imported as a message."""

    exit_code: ClassVar[int] = 65

    def __init__(self, line_number: int, reason: str) -> None:
        """Keep the number (from 1) and the reason, without the line's text."""
        self.line_number = line_number
        self.reason = reason
        super().__init__(f"line {line_number}: {reason}")

    def __reduce__(self) -> tuple[type[InvalidLine], tuple[int, str]]:
        """Pickle by the two parts."""
        return type(self), (self.line_number, self.reason)


class UsageError(SmqError):
    """An invalid call: a transaction inside another, or a handle used after its `with` block.

    It is the calling program that has to change; trying again does not help. Nothing was written, unless the
    sentence says otherwise.
    """

    exit_code: ClassVar[int] = 2


class StoreError(SmqError):
    """A problem with the database rather than with a message."""


class StoreBusy(StoreError):
    """Another process held the database for longer than the timeout; nothing was written."""

    exit_code: ClassVar[int] = 75


class StoreUnavailable(StoreError):
    """The database cannot be opened, read or written.

    Nothing was written, unless it is one of the two below: a program that repeats writes after a
    StoreUnavailable has to catch them first.
    """


class NotDurable(StoreUnavailable):
    """The call's data is in the database and visible to others, but the flush to the disk failed.

    It may not survive a crash of the machine. Writing it again would store it twice.
    """

    def __init__(self, reason: str, ids: Iterable[int] = ()) -> None:
        """Keep what failed, and the messages that the call added."""
        self.reason = reason
        self.ids = tuple(ids)
        """The ids that the call would have returned: of the messages that it added, if it was to add any."""
        super().__init__(
            f"{reason}: {_named(self.ids)} stored, but may not survive a crash; check the disk, and do not "
            "repeat the write"
        )

    def naming(self, ids: Iterable[int]) -> NotDurable:
        """Return the same error about these messages."""
        return type(self)(self.reason, ids)

    def __reduce__(self) -> tuple[type[NotDurable], tuple[str, tuple[int, ...]]]:
        """Pickle by the parts."""
        return type(self), (self.reason, self.ids)


class OutcomeUnknown(StoreUnavailable):
    """The disk failed during a commit: the call's data may or may not be in the database.

    Check whether it was written before you write it again; with a `key`, an unfinished message is not added
    twice.
    """

    def __init__(self, reason: str, ids: Iterable[int] = ()) -> None:
        """Keep what failed, and the messages that the call would have added."""
        self.reason = reason
        self.ids = tuple(ids)
        """The ids that the messages have if they are in, where that is known; if they are not, later messages
        may get them."""
        super().__init__(
            f"{reason}: it is not known whether {_named(self.ids)} stored; check the disk, and whether the "
            "data is there, before you repeat the write"
        )

    def naming(self, ids: Iterable[int]) -> OutcomeUnknown:
        """Return the same error about these messages."""
        return type(self)(self.reason, ids)

    def __reduce__(self) -> tuple[type[OutcomeUnknown], tuple[str, tuple[int, ...]]]:
        """Pickle by the parts."""
        return type(self), (self.reason, self.ids)


class StoreCorrupt(StoreError):
    """The database's content is inconsistent."""


class SchemaTooNew(StoreError):
    """The database was made by a newer smq than this one."""


class NotAQueue(StoreError):
    """The file is not a queue, and was left unchanged."""


def _named(ids: tuple[int, ...]) -> str:
    """Return messages as the subject of a sentence, with its verb."""
    return _messages(ids) if ids else "what was written is"


def _messages(ids: tuple[int, ...]) -> str:
    if len(ids) == 1:
        return f"message {ids[0]} is"
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"messages {', '.join(map(str, ids[:_NAMED]))}{more} are"
