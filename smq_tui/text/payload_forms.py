"""Payloads and headers as text that a person can edit, and back, losing nothing. Pure.

Invisible characters are shown as JSON escapes, bytes in hexadecimal, so that what is saved is what was seen.
"""

from __future__ import annotations

import difflib
import enum
import json
from typing import TYPE_CHECKING, Final

from smq_core.safe_text import block, cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_tui.values import Message, Payload

__all__ = [
    "EDIT_LIMIT",
    "NEW_PAYLOAD",
    "Form",
    "diff",
    "form_of",
    "headers_from",
    "headers_text",
    "new_payload",
    "payload_from",
    "payload_text",
]

NEW_PAYLOAD: Final = "JSON if valid, otherwise text; must be valid JSON if it starts with { or ["
"""What becomes of the payload that is typed for a new message."""
EDIT_LIMIT: Final = 256 * 1024
"""Bytes of the largest payload that is edited on the screen."""


class Form(enum.Enum):
    """How a payload is written for editing."""

    JSON = "JSON"
    TEXT = "text"
    ESCAPED = "text with escapes, in quotes"
    HEX = "bytes in hexadecimal"


def form_of(message: Message) -> Form:
    """Choose how a message's payload is edited."""
    payload = message.payload
    if isinstance(payload, bytes):
        return Form.HEX
    if message.kind == "text" and isinstance(payload, str):
        return Form.TEXT if block(payload) == payload else Form.ESCAPED
    return Form.JSON


def payload_text(payload: Payload, form: Form) -> str:
    """Write a payload in a form."""
    if form is Form.HEX and isinstance(payload, bytes):
        return payload.hex(" ", 1)
    if form is Form.TEXT and isinstance(payload, str):
        return payload
    shown = json.dumps(payload, ensure_ascii=False, indent=None if form is Form.ESCAPED else 2)
    return shown if block(shown) == shown else json.dumps(payload, indent=None if form is Form.ESCAPED else 2)


def payload_from(text: str, form: Form) -> Payload:
    """Read a payload back.

    Raises:
        ValueError: when it is not in that form; the sentence says where.
    """
    if form is Form.TEXT:
        return text
    if form is Form.HEX:
        try:
            return bytes.fromhex(text)
        except ValueError:
            raise ValueError("the payload is bytes: expected pairs of hexadecimal digits") from None
    try:
        value: Payload = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"the payload is not valid JSON: {error.msg}, line {error.lineno}, column {error.colno}"
        ) from None
    if form is Form.ESCAPED and not isinstance(value, str):
        raise ValueError("the payload is text: expected a JSON string in quotes")
    return value


def new_payload(text: str) -> Payload:
    """Read the payload of a new message, as `NEW_PAYLOAD` describes it to operators.

    Raises:
        ValueError: when it begins as a JSON object or array, but is not valid JSON.
    """
    try:
        return payload_from(text, Form.JSON)
    except ValueError as error:
        if text.lstrip()[:1] in ("{", "["):
            raise ValueError(f"{error}; text that begins with {{ or [ must be in quotes") from None
        return text


def headers_text(headers: Mapping[str, str]) -> str:
    """Write headers as JSON on one line; nothing when there are none."""
    return json.dumps(dict(headers)) if headers else ""


def headers_from(text: str) -> dict[str, str]:
    """Read headers back.

    Raises:
        ValueError: when they are no JSON object of texts.
    """
    try:
        value = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        raise ValueError(f"the headers are not valid JSON: {error.msg}, column {error.colno}") from None
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError(
            'the headers must be a JSON object whose values are strings, such as {"trace": "4f1c"}'
        )
    return {str(name): str(one) for name, one in value.items()}


def diff(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str]]:
    """Describe what changed between two sets of texts, line by line, with a style each."""
    pieces: list[tuple[str, str]] = []
    for name in after:
        old, new = before.get(name, ""), after[name]
        if old == new:
            continue
        pieces.append((f"{cell(name)}\n", "bold"))
        lines = difflib.unified_diff(block(old).splitlines(), block(new).splitlines(), lineterm="", n=2)
        for line in [line for line in list(lines)[2:] if not line.startswith("@@")]:
            style = (
                "$text-success"
                if line.startswith("+")
                else "$text-error"
                if line.startswith("-")
                else "$foreground 65%"
            )
            pieces.append((line + "\n", style))
    return pieces
