"""Which messages an operator's action changes: for dry runs and confirmation questions. Pure.

Whether another message holds the key of one is not seen here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.states import State, sources_of

if TYPE_CHECKING:
    from smq_core.message import Message

__all__ = ["changes", "is_held", "why_left"]


def changes(verb: str, state: State) -> bool:
    """Check whether a verb changes messages that are in a state; any other verb changes none."""
    return state in sources_of(verb)


def is_held(message: Message, now: float) -> bool:
    """Check whether somebody holds a message whose time is not over; `now` is in epoch seconds."""
    return message.state is State.PROCESSING and (message.locked_until or 0.0) > now


def why_left(message: Message, verb: str, *, now: float, force: bool = False) -> str | None:
    """Return why requeue, delete or bury leaves a message as it is; None where it changes it."""
    if not changes(verb, message.state):
        return f"it is {message.state.word}; {verb} does not apply to such messages"
    if is_held(message, now) and not force:
        return "its lease has not expired: --force includes it, but it may then run twice"
    return None
