"""How the outcome of an operator's action is told, and what exit code it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.cli import output
from smq_core.format import count, counted

if TYPE_CHECKING:
    from smq_core.message import Outcome

__all__ = ["report", "report_undo"]

_SETTINGS: Final = ("pause", "resume", "policy")


def report(outcome: Outcome, past: str) -> int:
    """Describe what was done and what was left alone, each with why; return 0 when nothing was left alone."""
    try:
        output.say_done(f"{counted(outcome.done, 'message')} {past}{_operation(outcome)}")
    finally:
        # told even if nobody could be told the first part
        code = _tell_the_rest(outcome)
    return code


def report_undo(outcome: Outcome) -> int:
    """Report which operation was undone, whose it was, and what came back; return 0 when all did."""
    entry = outcome.undone
    what = (
        "the operation"
        if entry is None
        else f"the {entry.action} of operation {entry.operation} by {entry.actor}"
    )
    if entry is not None and entry.action in _SETTINGS:
        output.say_done(f"{what} was undone for {entry.topic}{_operation(outcome)}")
    elif outcome.done:
        output.say_done(
            f"{what} was undone: {counted(outcome.done, 'message')} restored{_operation(outcome)}"
        )
    else:
        output.say(f"{what} was not undone: no message could be restored")
    return _tell_the_rest(outcome)


def _operation(outcome: Outcome) -> str:
    return "" if outcome.operation is None else f" (operation {outcome.operation})"


def _tell_the_rest(outcome: Outcome) -> int:
    if outcome.left_ready:
        stay = counted(
            outcome.left_ready, "of them was running and stays ready", "of them were running and stay ready"
        )
        output.note(f"{stay}: a lease cannot be restored")
    if outcome.moved_on:
        output.note(f"{count(outcome.moved_on)} left alone: changed or removed since the selection was made")
    for missed in outcome.missed:
        output.note(f"{missed.id}: {missed.why}")
    others = outcome.missed_count - len(outcome.missed)
    if others > 0:
        output.note(
            f"{count(others)} left alone: they have changed in the meantime, or their state does not allow it"
        )
    return 1 if outcome.missed or outcome.missed_count else 0
