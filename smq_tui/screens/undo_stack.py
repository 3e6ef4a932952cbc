"""What was done, as `z` remembers and names it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smq_core.format import counted
from smq_core.safe_text import cell
from smq_tui.requests import UndoOperation
from smq_tui.values import Selection, State

if TYPE_CHECKING:
    from smq_tui.requests import Act, ActionTarget
    from smq_tui.values import ActivityEntry, Outcome

__all__ = [
    "UndoEntry",
    "undo_entry_of_act",
    "undo_entry_of_activity",
    "undo_entry_of_setting",
    "were_all_processing",
    "what_of",
]

_SETTINGS: Final = ("pause", "resume", "policy")
_NOUNS: Final = {"delete": "deletion", "bury": "burial", "policy": "policy change", "drop": "removal"}
_NO_LEASE: Final = "they stay ready, because their leases cannot be restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoEntry:
    """Something that was done, and how to take it back."""

    what: str
    """`requeue of 3 messages in orders`."""
    by: str
    at: float
    undo: UndoOperation | None = None
    """None for what nothing takes back."""
    why_not: str = ""
    """Why nothing takes it back, and what to do instead."""
    detail: str = ""
    operation: int | None = None
    """Of what nothing takes back, though the engine offers to."""


def what_of(verb: str, number: int, topic: str | None, message_id: int | None = None) -> str:
    """Name what was done."""
    noun = _NOUNS.get(verb, verb)
    if verb in _SETTINGS:
        return f"{noun} of {cell(topic or '', 60)}"
    whom = counted(number, "message") if message_id is None else f"message {message_id}"
    return f"{noun} of {whom}" + (f" in {cell(topic, 60)}" if topic else "")


def undo_entry_of_act(act: Act, outcome: Outcome, by: str, at: float) -> UndoEntry | None:
    """Return what an action on messages was; None when it did nothing."""
    if outcome.operation is None:
        return None
    target = act.target
    topic = target.topics[0] if len(target.topics) == 1 else None
    only = outcome.done_ids[0] if len(outcome.done_ids) == 1 else None
    what = what_of(act.verb, outcome.done, topic, only)
    if act.verb == "requeue" and were_all_processing(target):
        return UndoEntry(what=what, by=by, at=at, why_not=_NO_LEASE, operation=outcome.operation)
    return UndoEntry(what=what, by=by, at=at, undo=UndoOperation(outcome.operation, outcome.done, what))


def undo_entry_of_setting(verb: str, topic: str, outcome: Outcome, by: str, at: float) -> UndoEntry | None:
    """Return what was set for a topic; None when nothing was."""
    if outcome.operation is None:
        return None
    what = what_of(verb, 0, topic)
    return UndoEntry(what=what, by=by, at=at, undo=UndoOperation(outcome.operation, 0, what))


def undo_entry_of_activity(entry: ActivityEntry) -> UndoEntry:
    """Return what an entry of the activity log tells."""
    what = what_of(entry.action, entry.count, entry.topic)
    number = 0 if entry.action in _SETTINGS else entry.count
    return UndoEntry(
        what=what,
        by=entry.actor,
        at=entry.at,
        undo=UndoOperation(entry.operation, number, what) if entry.is_undoable else None,
        detail=entry.detail,
    )


def were_all_processing(target: ActionTarget) -> bool:
    """Return whether an action is for leases alone: a requeue of these cannot be taken back."""
    if isinstance(target.targets, Selection):
        return target.targets.state is State.PROCESSING
    return all(seen.state is State.PROCESSING for seen in target.targets.values())
