"""What screens ask for, as data: the gateway answers each by the value named in its docstring.

Nothing here reads or writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from smq_tui.values import Attempt, Filter, Message, Payload, Seen, Selection, State

__all__ = [
    "Act",
    "ActionTarget",
    "ActivityOf",
    "Add",
    "Change",
    "CommandWorker",
    "Detail",
    "DetailOf",
    "EditMessage",
    "ErrorKindsOf",
    "Export",
    "Freeze",
    "FrozenIds",
    "Held",
    "Import",
    "LeasesOf",
    "Order",
    "OrderOf",
    "Pause",
    "PreviewImport",
    "Purge",
    "Read",
    "Request",
    "Resume",
    "RowsOf",
    "SamplesOf",
    "UndoOperation",
    "Verb",
]

Verb: TypeAlias = Literal["requeue", "delete", "bury"]
FrozenIds: TypeAlias = Mapping[int, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTarget:
    """What an action is aimed at, fixed at the moment its dialog opens."""

    targets: FrozenIds | Selection
    """Ids with how each was seen: of rows that were pointed at, or frozen of everything that matched."""
    count: int
    are_all: bool = True
    """False when more match than one action is for."""
    topics: tuple[str, ...] = ()
    held: frozenset[int] = frozenset()
    """Those that are leased by somebody whose time is not over, and who may be alive: only with force."""
    left: tuple[State, ...] = ()
    """The states of others that were pointed at and that the action leaves as they are."""
    silent: int = 0
    """How many of these are of daemons that are lost, as far as one hears."""
    left_behind: int = 0
    """How many others are leased by daemons that have ended for sure."""
    ended: frozenset[str] = frozenset()
    """These daemons, by their ids: only their leases are taken."""
    lost_since: float | None = None
    """When the first of them was heard of last."""
    samples: tuple[str, ...] = ()
    """A few of them, in a line each."""
    oldest_at: float | None = None
    newest_at: float | None = None
    description: str = ""
    """For a selection: what was filtered by."""

    @property
    def live(self) -> int:
        """How many of them only force takes."""
        return len(self.held)

    def number(self, *, is_forced: bool) -> int:
        """Count what the action changes."""
        return self.count if is_forced else self.count - self.live

    @property
    def is_selection(self) -> bool:
        """True when it is everything that matched rather than rows that were pointed at."""
        return isinstance(self.targets, Selection)


@dataclass(frozen=True, slots=True)
class Order:
    """Ids in order."""

    ids: Sequence[int]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """One message with all that is kept of it."""

    message: Message
    attempts: Sequence[Attempt]
    stored: str | bytes
    """Its payload as the database holds it: text or bytes, of JSON the very characters."""
    topic_limit: int
    """After how many attempts a message of its topic is dead, unless it has a limit of its own."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is running."""

    messages: Sequence[Message]
    lengths: Mapping[str, float]
    """How long a lease lasts, in seconds, by topic."""


@dataclass(frozen=True, slots=True)
class OrderOf:
    """The ids of a selection in order: an Order."""

    selection: Selection
    is_newest_first: bool
    limit: int


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Messages by id, previews from `words` on, else the beginning: a mapping, None for one that is gone."""

    ids: tuple[int, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class DetailOf:
    """A whole message and its failed attempts: a Detail."""

    id: int
    is_to_act: bool = False
    """True where an edit or a copy waits for it; what is asked to be shown does not take its place."""


@dataclass(frozen=True, slots=True)
class LeasesOf:
    """The messages that are running, and how long leases of their topics last: a Held."""

    topic: str | None = None
    where: Filter = field(default_factory=Filter)


@dataclass(frozen=True, slots=True)
class ErrorKindsOf:
    """Dead letters in groups: a list of ErrorKind."""

    topic: str | None = None


@dataclass(frozen=True, slots=True)
class ActivityOf:
    """What operators did, newest first: a list of ActivityEntry."""

    limit: int


@dataclass(frozen=True, slots=True)
class SamplesOf:
    """Samples that a daemon wrote: a list of TopicSample."""

    step: float
    since: float
    topic: str | None = None
    purpose: Literal["sparklines", "chart"] = "sparklines"
    """Samples for the sparklines and for the chart do not take the place of each other."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Everything that matches now, counted: an ActionTarget."""

    selection: Selection
    description: str
    purpose: str
    """The action that it is for, handed back with the answer."""


@dataclass(frozen=True, slots=True)
class PreviewImport:
    """What an import would do: an ImportReport."""

    path: str
    topic: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """An operator's action on messages: an Outcome."""

    verb: Verb
    target: ActionTarget
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class UndoOperation:
    """Undo an operation: an Outcome."""

    operation: int
    count: int = 0
    """How many messages it changed; 0 for what was set."""
    what: str = ""
    """`requeue of 3 messages in orders`."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop a topic from being leased: an Outcome."""

    topic: str
    reason: str = ""
    for_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a topic be leased again: an Outcome."""

    topic: str


@dataclass(frozen=True, slots=True)
class Purge:
    """Remove for good what a topic had in a state: an Outcome."""

    target: ActionTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class EditMessage:
    """New values for a message, None where it stays as it is: an Outcome."""

    id: int
    seen: State
    payload: tuple[Payload] | None = None
    """In a tuple, because a payload may be None."""
    headers: Mapping[str, str] | None = None
    priority: int | None = None
    key: tuple[str | None] | None = None
    max_attempts: tuple[int | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """A new message: its id."""

    topic: str
    payload: Payload
    headers: Mapping[str, str]
    priority: int = 0
    key: str | None = None
    delay: float = 0.0
    max_attempts: int | None = None


@dataclass(frozen=True, slots=True)
class CommandWorker:
    """Leave quiet, resume or stop for a daemon: True, or False when it no longer exists."""

    id: str
    command: Literal["quiet", "resume", "stop"]


@dataclass(frozen=True, slots=True)
class Import:
    """Take a file's lines: an ImportReport."""

    path: str
    topic: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Write messages to a new file: an Exported."""

    target: ActionTarget
    path: str


Read: TypeAlias = (
    OrderOf
    | RowsOf
    | DetailOf
    | LeasesOf
    | ErrorKindsOf
    | ActivityOf
    | SamplesOf
    | Freeze
    | PreviewImport
    | Export
)
"""Requests that change nothing in the database."""
Change: TypeAlias = Act | UndoOperation | Pause | Resume | Purge | EditMessage | Add | CommandWorker | Import
"""Requests that change the database."""
Request: TypeAlias = Read | Change
