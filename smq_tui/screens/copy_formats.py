"""What of a message can be copied, as the bytes that it is. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from smq_core.json_fields import json_form, message_fields
from smq_tui.widgets.payload_text import bytes_of

if TYPE_CHECKING:
    from smq_tui.requests import Detail

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
    return json.dumps(message_fields(message), default=json_form).encode()
