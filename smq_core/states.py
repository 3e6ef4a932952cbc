"""The life cycle of a message: its states and the table of legal transitions.

Pure. The documented diagram is drawn from `TRANSITIONS`, and each write of a store names the transition it
performs.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

__all__ = [
    "FINISHED",
    "SELECTED_FOR",
    "TRANSITIONS",
    "UNFINISHED",
    "Actor",
    "State",
    "Transition",
    "diagram",
    "sources_of",
    "state_of",
]


_RUNNING: Final = "running"


class State(enum.StrEnum):
    """A stored state. `expired` and `due` are derived from a state and the time, never stored."""

    READY = "ready"
    """May be leased now."""
    DELAYED = "delayed"
    """Waits for `available_at`; after that, the message is due until a dequeue promotes it."""
    PROCESSING = "processing"
    """Leased until `locked_until`; after that, the lease is expired until a dequeue reclaims it."""
    DEAD = "dead"
    """Among the dead letters, with its last error."""
    DONE = "done"
    """Processed, and kept because its topic keeps history."""
    DELETED = "deleted"
    """In the trash, until it is purged or restored by undo."""

    @property
    def word(self) -> str:
        """What people call it: a message in `processing` is running."""
        return _RUNNING if self is State.PROCESSING else self.value

    @classmethod
    def meant(cls, word: str) -> State:
        """Return the state that a word means: its name, or `running` for `processing`.

        Raises:
            ValueError: for any other word.
        """
        return cls.PROCESSING if word == _RUNNING else cls(word)


def state_of(status: str) -> State:
    """Return the state that a word stands for; what is in none will never be leased, as if it were dead."""
    try:
        return State(status)
    except ValueError:
        return State.DEAD


class Actor(enum.StrEnum):
    """Who performs a transition."""

    DEQUEUE = "dequeue"
    """Any call that leases, as part of its transaction."""
    HOLDER = "holder"
    """Whoever has the lease's receipt."""
    RECOVERY = "recovery"
    """A daemon that noticed another worker's death."""
    OPERATOR = "operator"
    """A person at the dashboard or the command line."""
    JANITOR = "janitor"
    """Housekeeping: a daemon's, that of a program which writes where none lives, or `smq prune`."""


class Transition(NamedTuple):
    """One legal change of state; `target` None means that the row is removed."""

    verb: str
    actor: Actor
    source: State
    target: State | None
    guard: str
    """What must hold, in addition to the state, for the write to happen."""


UNFINISHED = frozenset({State.READY, State.DELAYED, State.PROCESSING})
"""States that hold a message's key and count towards the size of a topic."""

FINISHED = frozenset({State.DEAD, State.DONE, State.DELETED})
"""States that only an operator, an undo or the janitor changes (and an ack that came late, for `dead`)."""

_ALL = tuple(State)
_RECEIPT = "id and receipt"


def _rows(
    verb: str, actor: Actor, sources: tuple[State, ...], targets: tuple[State | None, ...], guard: str
) -> list[Transition]:
    return [Transition(verb, actor, source, target, guard) for source in sources for target in targets]


def _operator_rows() -> list[Transition]:
    operator = Actor.OPERATOR
    forced = "id and seen state; a live lease only with force"
    return [
        *_rows(
            "operator requeue",
            operator,
            (State.DEAD, State.DONE, State.DELAYED, State.PROCESSING),
            (State.READY,),
            forced,
        ),
        *_rows(
            "operator delete",
            operator,
            tuple(s for s in _ALL if s is not State.DELETED),
            (State.DELETED,),
            forced,
        ),
        *_rows(
            "operator bury",
            operator,
            tuple(s for s in _ALL if s not in {State.DEAD, State.DELETED}),
            (State.DEAD,),
            forced,
        ),
        *[
            Transition(verb, operator, state, state, "id and seen state; never processing")
            for verb in ("move", "edit")
            for state in _ALL
            if state not in {State.PROCESSING, State.DELETED}
        ],
        *_rows(
            "purge",
            operator,
            (State.READY, State.DELAYED, State.DEAD, State.DONE, State.DELETED),
            (None,),
            "topic and state",
        ),
    ]


def _undo_rows() -> list[Transition]:
    guard = "operation, state and deliveries unchanged since the operation"
    back = {State.READY, State.DELAYED, State.DEAD, State.DONE, State.DELETED}
    changed_to = (State.READY, State.DELETED, State.DEAD)
    return [
        Transition("undo", Actor.OPERATOR, source, target, guard)
        for source in changed_to
        for target in State
        if target in back and target is not source
    ]


TRANSITIONS: tuple[Transition, ...] = (
    Transition("promote", Actor.DEQUEUE, State.DELAYED, State.READY, "due"),
    Transition("lease", Actor.DEQUEUE, State.READY, State.PROCESSING, "topic not paused"),
    *_rows(
        "reclaim",
        Actor.DEQUEUE,
        (State.PROCESSING,),
        (State.READY, State.DEAD),
        "expired; dead if exhausted; the receipt stays",
    ),
    *_rows("ack", Actor.HOLDER, (State.PROCESSING,), (None, State.DONE), _RECEIPT),
    *_rows("late ack", Actor.HOLDER, (State.READY, State.DELAYED, State.DEAD), (None, State.DONE), _RECEIPT),
    *_rows("requeue", Actor.HOLDER, (State.PROCESSING,), (State.READY, State.DELAYED, State.DEAD), _RECEIPT),
    Transition("release", Actor.HOLDER, State.PROCESSING, State.READY, _RECEIPT),
    Transition("bury", Actor.HOLDER, State.PROCESSING, State.DEAD, _RECEIPT),
    Transition("extend", Actor.HOLDER, State.PROCESSING, State.PROCESSING, _RECEIPT),
    *_rows(
        "recover",
        Actor.RECOVERY,
        (State.PROCESSING,),
        (State.READY, State.DEAD),
        "id, receipt and worker; the receipt stays",
    ),
    *_operator_rows(),
    *_undo_rows(),
    *_rows(
        "prune", Actor.JANITOR, (State.DONE, State.DELETED), (None,), "older than the topic's retention time"
    ),
)
"""Every legal change of state, in the order in which a message meets them."""


SELECTED_FOR: Final = ("requeue", "delete", "bury", "move", "purge")
"""The verbs for which an operator selects everything that matches."""


def sources_of(verb: str) -> frozenset[State]:
    """Return the states that an operator's verb changes: requeue, delete, bury, move, edit, purge."""
    names = {verb, f"operator {verb}"}
    return frozenset(row.source for row in TRANSITIONS if row.actor is Actor.OPERATOR and row.verb in names)


def diagram() -> str:
    """Draw the table as Markdown, one row a verb, for the documentation."""
    lines = ["| verb | by | from | to | guard |", "|---|---|---|---|---|"]
    verbs = dict.fromkeys((row.verb, row.actor, row.guard) for row in TRANSITIONS)
    for verb, actor, guard in verbs:
        rows = [row for row in TRANSITIONS if (row.verb, row.actor, row.guard) == (verb, actor, guard)]
        sources = ", ".join(dict.fromkeys(row.source.value for row in rows))
        targets = ", ".join(dict.fromkeys("gone" if row.target is None else row.target.value for row in rows))
        same = verb in {"move", "edit"}
        lines.append(
            f"| {verb} | {actor.value} | {sources} | {'same state' if same else targets} | {guard} |"
        )
    return "\n".join(lines) + "\n"
