"""The names and forms that all of smq's JSON output shares; docs/json.md describes them. Pure.

A time has two fields, one for people and programs that read calendars, one to compute with.
"""

from __future__ import annotations

import binascii
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import msgspec

    from smq_core.errors import InvalidLine
    from smq_core.message import Message

__all__ = ["fields_of", "is_time", "iso_time", "json_form", "line_fields", "message_fields", "time_fields"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES: Final = frozenset(("at", "since", "until"))
"""Last words of the names of times."""


def is_time(name: str) -> bool:
    """Return whether a field of that name is a time: `at`, or ends in `_at`, `_since` or `_until`."""
    return name.rpartition("_")[2] in _TIMES


def iso_time(epoch_seconds: float) -> str | None:
    """Write a time in UTC to the millisecond, `2026-11-24T14:02:11.250Z`.

    It is None where no calendar has that time (a row written by hand).
    """
    try:
        moment = _EPOCH + timedelta(milliseconds=round(epoch_seconds * 1000))
    except (OverflowError, ValueError):
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def time_fields(name: str, epoch_seconds: float | None) -> dict[str, object]:
    """Return the two fields of a time: `NAME` in ISO 8601, `NAME_s` in seconds since the epoch."""
    written = None if epoch_seconds is None else iso_time(epoch_seconds)
    return {name: written, f"{name}_s": epoch_seconds}


def fields_of(value: msgspec.Struct, **renamed: str) -> dict[str, object]:
    """Return a value's fields by their names, its times in both forms; `renamed` gives names with units."""
    fields: dict[str, object] = {}
    for name in value.__struct_fields__:
        one = getattr(value, name)
        if is_time(name):
            fields |= time_fields(name, one)
        else:
            fields[renamed.get(name, name)] = one
    return fields


def message_fields(message: Message) -> dict[str, object]:
    """Return a message's fields; `json_form` gives a payload of bytes its form."""
    return fields_of(message, size="size_bytes")


def line_fields(line: InvalidLine) -> dict[str, object]:
    """Return a line that was not imported, by its number and the reason."""
    return {"line": line.line_number, "reason": line.reason}


def json_form(value: object) -> object:
    """Return what is written for a value that JSON has no form for: bytes as `{"base64": …}`, else text."""
    if isinstance(value, bytes):
        return {"base64": binascii.b2a_base64(value, newline=False).decode()}
    return str(value)
