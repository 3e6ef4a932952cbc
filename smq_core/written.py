"""Distinguishes JSON from text, for payloads that were typed, piped, or are lines of a file. Pure."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

import msgspec

from smq_core.depth import TOO_DEEP, is_decoded_too_deep
from smq_core.errors import InvalidMessage
from smq_core.payload import PAYLOAD_LIMIT, check_json_text, encode

if TYPE_CHECKING:
    from smq_core.message import Kind

__all__ = ["REFUSALS", "Value", "ValueShape", "read_refused", "read_value"]


class ValueShape(enum.Enum):
    """What something written was, for the report."""

    OBJECT = "objects"
    """A JSON object: an envelope, or one that is itself the payload."""
    STRING = "strings"
    """A JSON string."""
    VALUE = "values"
    """Any other JSON value."""
    TEXT = "texts"
    """No JSON, taken as text."""
    BROKEN = "broken"
    """It begins as JSON objects and arrays do but is none; taken as text."""


class Value(NamedTuple):
    """A payload as it is stored, its kind, and what it was."""

    body: str | bytes
    kind: Kind
    shape: ValueShape


REFUSALS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises."""


def read_value(written: bytes, *, is_strict: bool = False) -> Value:
    """Take JSON as it is written (a string as the text that it says), and anything else as text.

    Raises:
        InvalidMessage: for what cannot be stored, and if strict for what begins as JSON does but is none.
    """
    if written[:1] not in _STARTS:
        return _text(written, is_strict=is_strict)
    stripped = written.strip(_BLANKS)
    try:
        value = _decode(stripped)
    except REFUSALS as error:
        return read_refused(written, error, is_strict=is_strict)
    if isinstance(value, str):
        return Value(*encode(value), ValueShape.STRING)
    if len(stripped) > PAYLOAD_LIMIT:
        check_json_text(stripped)
    if is_decoded_too_deep(stripped, value):
        raise InvalidMessage(TOO_DEEP)
    return Value(
        stripped.decode(), "json", ValueShape.OBJECT if isinstance(value, dict) else ValueShape.VALUE
    )


def read_refused(written: bytes, error: Exception, *, is_strict: bool = False) -> Value:
    """Decide about what the decoder refused: JSON that cannot be kept is not a message, the rest is text.

    Raises:
        InvalidMessage: as `read_value` does.
    """
    if isinstance(error, RecursionError):
        raise InvalidMessage(TOO_DEEP) from error
    if _is_json(_decoded(written)):
        out_of_range = isinstance(error, msgspec.ValidationError)
        raise InvalidMessage(
            "the JSON holds a number out of range"
            if out_of_range
            else "the JSON holds a lone surrogate, which cannot be stored as text"
        ) from error
    return _text(written, is_strict=is_strict)


_BLANKS: Final = b" \t\r\n"
_BEFORE_JSON: Final = " \t\r\n\f\v\0\ufeff"
_STARTS: Final = frozenset(bytes([start]) for start in b'{["-0123456789tfn' + _BLANKS)
"""What JSON may begin with: the rest is text without asking the decoder."""
_decode = msgspec.json.Decoder().decode


def _text(written: bytes, *, is_strict: bool) -> Value:
    text = _decoded(written)
    # a file system may leave NULs in the place of what a crash kept it from writing
    is_broken = text.lstrip(_BEFORE_JSON)[:1] in {"{", "["}
    if is_broken and is_strict:
        raise InvalidMessage("it starts like JSON but does not parse: fix it, or import it as text")
    return Value(*encode(text), ValueShape.BROKEN if is_broken else ValueShape.TEXT)


def _decoded(written: bytes) -> str:
    try:
        return written.decode()
    except UnicodeDecodeError as error:
        raise InvalidMessage(f"not UTF-8 at byte {error.start + 1}") from error


def _is_json(text: str) -> bool:
    """Ask a second decoder, which bears any number and half a surrogate pair, whether the grammar is kept."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
