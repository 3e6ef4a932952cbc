"""Makes aims of messages that are shown: fixed ids with how each was seen. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.eligible import changes, is_held
from smq_core.format import payload_preview
from smq_core.serving import is_lost
from smq_tui.keys.actions import ACTS
from smq_tui.requests import ActionTarget
from smq_tui.values import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smq_tui.values import Message, WorkerInfo

__all__ = ["aim_at", "is_of_lost"]

_NO_DAEMONS: Final[Mapping[str, WorkerInfo]] = {}


def aim_at(
    pointed_at: Sequence[Message],
    verb: str,
    now: float,
    *,
    daemons: Mapping[str, WorkerInfo] = _NO_DAEMONS,
    ended: frozenset[str] = frozenset(),
    description: str = "",
) -> ActionTarget:
    """Fix those messages that an action changes; what daemons that have ended hold is in nobody's hands."""
    messages = [message for message in pointed_at if not _leaves(verb, message.state)]
    created = [message.created_at for message in messages]
    held = [message for message in messages if is_held(message, now)]
    left_behind = [message for message in held if message.worker in ended]
    owners = frozenset(message.worker for message in left_behind if message.worker)
    return ActionTarget(
        targets={message.id: message.seen for message in messages},
        count=len(messages),
        topics=tuple(dict.fromkeys(message.topic for message in messages)),
        held=frozenset(message.id for message in held if message.worker not in ended)
        if verb in ACTS
        else frozenset(),
        left=tuple(message.state for message in pointed_at if _leaves(verb, message.state)),
        silent=sum(is_of_lost(message, daemons) for message in held) - len(left_behind),
        left_behind=len(left_behind),
        ended=owners,
        lost_since=min((daemons[one].heartbeat_at for one in owners if one in daemons), default=None),
        samples=tuple(f"{message.id} {payload_preview(message.payload, 60)}" for message in messages[:3]),
        oldest_at=min(created, default=None),
        newest_at=max(created, default=None),
        description=description,
    )


def _leaves(verb: str, state: State) -> bool:
    """Check whether an action leaves messages as they are that are in a state."""
    return verb in ACTS and not changes(verb, state)


def is_of_lost(message: Message, daemons: Mapping[str, WorkerInfo]) -> bool:
    """Return whether a daemon holds a message that is not heard of any more."""
    holder = daemons.get(message.worker or "") if message.state is State.PROCESSING else None
    return holder is not None and is_lost(holder)
