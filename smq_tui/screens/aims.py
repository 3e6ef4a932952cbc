"""Makes aims of messages that are shown: fixed ids with the states they were seen in. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.format import payload_preview
from smq_tui.requests import Aim
from smq_tui.values import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.values import Message

__all__ = ["aim_at", "is_live"]


def aim_at(messages: Sequence[Message], now: float) -> Aim:
    """Fix these messages as what an action is for."""
    created = [message.created_at for message in messages]
    return Aim(
        targets={message.id: message.state for message in messages},
        count=len(messages),
        topics=tuple(dict.fromkeys(message.topic for message in messages)),
        live=sum(is_live(message, now) for message in messages),
        samples=tuple(f"{message.id} {payload_preview(message.payload, 60)}" for message in messages[:3]),
        oldest_at=min(created, default=None),
        newest_at=max(created, default=None),
    )


def is_live(message: Message, now: float) -> bool:
    """Say whether somebody holds a message and his time is not over."""
    return message.state is State.PROCESSING and (message.locked_until or 0.0) > now
