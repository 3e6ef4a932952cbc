"""What the model is made of: plain records, without behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from smq_core.states import State


MOST_MISSED = 1_000


@dataclass(slots=True)
class Entry:
    """One message, as it should stand."""

    id: int
    topic: str
    priority: int
    available_at: int
    state: State
    key: str | None = None
    max_attempts: int | None = None
    attempts: int = 0
    deliveries: int = 0
    receipt: int | None = None
    locked_until: int | None = None
    worker: str | None = None
    finished_at: int | None = None
    last_error: str | None = None
    crashes: int = 0
    is_suspect: bool = False
    operation: int | None = None
    limit_when_leased: int = 0
    """Not compared: by it a limit that was lowered in flight is told."""


class Failed(NamedTuple):
    """One failed attempt of a message's history."""

    attempt: int
    at: int
    outcome: str
    error: str
    worker: str | None


class Before(NamedTuple):
    """How a message was before an operation (what was processing comes back ready), and the state it left."""

    was: Entry
    left: State


class Policy(NamedTuple):
    """What a topic sets for itself."""

    max_attempts: int | None = None
    visibility_ms: int | None = None
    keep_ms: int | None = None


@dataclass(slots=True)
class Counts:
    """What is remembered of a topic beside its messages."""

    entered: int = 0
    gone: int = 0
    empty_since: int | None = None


@dataclass(slots=True)
class Setting:
    """A topic's policy or pause before it was changed; None: it had none."""

    topic: str
    was: Policy | int | None
    was_set: bool


@dataclass(slots=True)
class Operation:
    """What an operator did, and what its undo needs."""

    action: str
    at: int
    actor: str = ""
    changed: int = 0
    before: dict[int, Before] = field(default_factory=dict)
    setting: Setting | None = None
    undone_at: int | None = None


@dataclass(slots=True)
class Tally:
    """What an operator's action has done so far."""

    operation: int | None = None
    done_ids: list[int] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    moved_on: int = 0


class Done(NamedTuple):
    """What is compared of an operator's action: its operation, what it did, and what it missed."""

    operation: int | None
    done: int
    done_ids: tuple[int, ...] = ()
    missed: tuple[int, ...] = ()
    moved_on: int = 0


def named(missed: list[int]) -> tuple[int, ...]:
    """Return what is compared of missed messages: of many only their number, as of an outcome."""
    return tuple(sorted(missed)) if len(missed) <= MOST_MISSED else (len(missed),)


class Leased(NamedTuple):
    """What is compared of a lease."""

    id: int
    topic: str
    priority: int
    key: str | None
    attempts: int
    deliveries: int
    max_attempts: int | None
    available_at: int
    last_error: str | None
    is_suspect: int
    locked_until: int
