"""What of a message can be copied, as the bytes that it is. Pure."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

from smq_tui.widgets.payload_text import bytes_of

if TYPE_CHECKING:
    from smq_tui.requests import Detail
    from smq_tui.values import Message, Payload

__all__ = ["COPIES", "copied"]

COPIES: Final = (
    ("id", "id"),
    ("payload", "payload, its original bytes"),
    ("json", "row, as JSON"),
    ("sql", "SQL that finds it"),
    ("error", "last error"),
)
"""Ids and labels of what can be copied."""


def copied(what: str, detail: Detail) -> bytes:
    """Return what is copied of a message."""
    message = detail.message
    if what == "id":
        return str(message.id).encode()
    if what == "payload":
        return bytes_of(detail.stored)
    if what == "error":
        return (message.last_error or "").encode("utf-8", "surrogatepass")
    if what == "sql":
        return b"SELECT * FROM smq_messages WHERE id = %d;" % message.id
    return json.dumps(_row(message)).encode()


def _row(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "topic": message.topic,
        "payload": _payload(message.payload),
        "headers": message.headers,
        "priority": message.priority,
        "key": message.key,
        "state": message.state.value,
        "attempts": message.attempts,
        "deliveries": message.deliveries,
        "max_attempts": message.max_attempts,
        "created_at": message.created_at,
        "available_at": message.available_at,
        "locked_until": message.locked_until,
        "worker": message.worker,
        "last_error": message.last_error,
    }


def _payload(payload: Payload) -> object:
    return {"base64": base64.b64encode(payload).decode()} if isinstance(payload, bytes) else payload
