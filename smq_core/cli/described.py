"""How a message is written out for people. It prints nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from smq_core.error_history import error_history
from smq_core.format import clock_time
from smq_core.json_fields import is_time
from smq_core.safe_text import cell, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.error_history import PastError
    from smq_core.message import Attempt, Message, Payload

__all__ = ["message_lines", "payload_text"]

_TOLD_APART = ("payload", "output", "last_error", "error_kind")
"""Fields that have a place of their own; the kind of an error is its first line."""


def message_lines(message: Message, attempts: Sequence[Attempt]) -> Iterator[str]:
    """Yield the lines that show a message: what is set of its fields, its payload, then how it failed.

    The newest failure comes first, and each error once.
    """
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if name in _TOLD_APART or value in (None, {}, ""):
            continue
        if is_time(name):
            value = clock_time(value)
        elif name == "headers":
            value = "".join(f"\n  {cell(header)}: {cell(text)}" for header, text in value.items())
        yield f"{name}: {value}" if not str(value).startswith("\n") else f"{name}:{value}"
    yield f"payload:\n{payload_text(message.payload)}"
    if message.output:
        yield f"\noutput:\n{_indented(message.output)}"
    for failure in error_history(message, attempts):
        yield f"\n{_failure(failure)}"


def _failure(failure: PastError) -> str:
    attempt = failure.attempt
    head = failure.name
    if attempt is not None:
        by = f" by {cell(attempt.worker)}" if attempt.worker else ""
        head += f", {cell(failure.what)} {clock_time(attempt.at)}{by}"
        if failure.is_fatal:
            head += "; dead since then"
    if failure.same_as is not None:
        return f"{head}: the same error as {failure.same_as.name}"
    return f"{head}:\n{_indented(failure.error or 'no error was given')}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def payload_text(payload: Payload) -> str:
    """Write a payload for a person: JSON indented, text as it is, bytes as text or in hexadecimal."""
    if isinstance(payload, bytes):
        return visible(payload)
    if isinstance(payload, str):
        return payload
    return json.dumps(payload, indent=2, ensure_ascii=False)
