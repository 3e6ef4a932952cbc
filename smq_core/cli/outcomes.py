"""How the outcome of an operator's action is told, and what exit code it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.cli import output
from smq_core.format import count

if TYPE_CHECKING:
    from smq_core.message import Outcome

__all__ = ["report"]


def report(outcome: Outcome, past: str) -> int:
    """Say what was done and what was left alone, each with why; answer 0 when nothing was left alone."""
    undo = f" (operation {outcome.operation})" if outcome.operation is not None else ""
    output.say(f"{output.amount(outcome.done, 'message')} {past}{undo}")
    if outcome.left_ready:
        output.note(
            f"{count(outcome.left_ready)} of them were processing and stay ready: nothing gives a lease back"
        )
    for missed in outcome.missed:
        output.note(f"{missed.id}: {missed.why}")
    others = outcome.missed_count - len(outcome.missed)
    if others > 0:
        output.note(f"{count(others)} left alone: they changed meanwhile, or are not in a state for it")
    return 1 if outcome.missed or outcome.missed_count else 0
