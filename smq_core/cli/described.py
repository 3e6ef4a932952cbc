"""How a message is written out: as fields for JSON, as lines for people. It prints nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from smq_core.format import clock_time
from smq_core.safe_text import cell, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.message import Message, Payload

__all__ = ["message_fields", "message_lines", "payload_text"]

_TIMES = ("created_at", "available_at", "locked_until", "finished_at")


def message_fields(message: Message) -> dict[str, object]:
    """Answer a message's fields by their names; `output.say_json` gives bytes their form."""
    return {name: getattr(message, name) for name in message.__struct_fields__}


def message_lines(message: Message) -> Iterator[str]:
    """Answer the lines that show a message: what is set of its fields, then its payload."""
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if name == "payload" or value in (None, {}, ""):
            continue
        if name in _TIMES:
            value = clock_time(value)
        elif name == "headers":
            value = "".join(f"\n  {cell(header)}: {cell(text)}" for header, text in value.items())
        elif name in {"last_error", "output"}:
            value = "\n" + "\n".join(f"  {line}" for line in value.splitlines())
        yield f"{name}: {value}" if not str(value).startswith("\n") else f"{name}:{value}"
    yield f"payload:\n{payload_text(message.payload)}"


def payload_text(payload: Payload) -> str:
    """Write a payload for a person: JSON indented, text as it is, bytes as text or in hexadecimal."""
    if isinstance(payload, bytes):
        return visible(payload)
    if isinstance(payload, str):
        return payload
    return json.dumps(payload, indent=2, ensure_ascii=False)
