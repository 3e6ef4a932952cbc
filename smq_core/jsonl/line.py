"""Turns one line of JSONL into a message, or says why it cannot be one. Pure: no files, no line numbers.

A JSON object with `topic` and `payload` (or `message`) is an envelope, see `smq_core.jsonl.envelope`; any
other JSON value is itself the payload; what is no JSON is text.
"""

from __future__ import annotations

import enum
import json
from typing import Final, NamedTuple, NoReturn

import msgspec

from smq_core.errors import InvalidMessage
from smq_core.jsonl.envelope import Envelopes
from smq_core.payload import PAYLOAD_LIMIT, check_json_text, encode
from smq_core.store.records import NewMessage
from smq_core.validation import check_topic

__all__ = ["LINE_LIMIT", "LineParser", "Parsed", "Shape", "is_blank"]

LINE_LIMIT: Final = 24 * 1024 * 1024
"""Bytes of a line: the largest payload in base64, with room for its envelope."""


class Shape(enum.Enum):
    """What a line was, for the report."""

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


class Parsed(NamedTuple):
    """A line that can be taken."""

    message: NewMessage
    shape: Shape


class LineParser:
    """Parses lines for one import: its default topic, and whether it is strict."""

    __slots__ = ("_envelopes", "_is_strict", "_topic")

    def __init__(self, topic: str = "default", *, is_strict: bool = False) -> None:
        """Keep the topic of lines that name none.

        Raises:
            InvalidMessage: when it is no legal topic.
        """
        self._topic = check_topic(topic)
        self._is_strict = is_strict
        self._envelopes = Envelopes()

    def parse(self, line: bytes, now_ms: int) -> Parsed:
        """Turn a line that is not blank into a message; a carriage return at its end is dropped.

        Raises:
            InvalidMessage: with the reason, when it cannot be taken.
        """
        if line[-1:] == b"\r":
            line = line[:-1]
        if line[0] == _BRACE:
            return self._object(line, line, now_ms)
        if line[0] not in _STARTS:
            return self._text(line, now_ms)
        stripped = line.strip(_BLANKS)
        if stripped[:1] == b"{":
            return self._object(stripped, line, now_ms)
        return self._value(stripped, line, now_ms)

    def _object(self, line: bytes, original: bytes, now_ms: int) -> Parsed:
        try:
            message = self._envelopes.parse(line, now_ms)
        except _REFUSALS as error:
            return self._refused(original, error, now_ms)
        if message is None:
            return self._value(line, original, now_ms)
        return Parsed(message, Shape.OBJECT)

    def _value(self, line: bytes, original: bytes, now_ms: int) -> Parsed:
        try:
            value = _decode(line)
        except _REFUSALS as error:
            return self._refused(original, error, now_ms)
        if isinstance(value, str):
            return Parsed(self._message(value, now_ms), Shape.STRING)
        if len(line) > PAYLOAD_LIMIT:
            check_json_text(line)
        shape = Shape.OBJECT if isinstance(value, dict) else Shape.VALUE
        body = line.strip(_BLANKS).decode()
        return Parsed(NewMessage(topic=self._topic, body=body, kind="json", available_at=now_ms), shape)

    def _refused(self, line: bytes, error: Exception, now_ms: int) -> Parsed:
        """Decide about what the decoder refused: JSON that cannot be kept is no message, the rest is text."""
        if isinstance(error, RecursionError):
            raise InvalidMessage("the JSON is nested too deeply: flatten it") from error
        if _is_json(_decoded(line)):
            out_of_range = isinstance(error, msgspec.ValidationError)
            raise InvalidMessage(
                "the JSON holds a number out of range"
                if out_of_range
                else "the JSON holds half of a surrogate pair, which is no character"
            ) from error
        return self._text(line, now_ms)

    def _text(self, line: bytes, now_ms: int) -> Parsed:
        text = _decoded(line)
        is_broken = text.lstrip()[:1] in {"{", "["}
        if is_broken and self._is_strict:
            raise InvalidMessage("the line begins as JSON does but is none: mend it, or take it as text")
        return Parsed(self._message(text, now_ms), Shape.BROKEN if is_broken else Shape.TEXT)

    def _message(self, text: str, now_ms: int) -> NewMessage:
        body, kind = encode(text)
        return NewMessage(topic=self._topic, body=body, kind=kind, available_at=now_ms)


def is_blank(line: bytes) -> bool:
    """Say whether a line holds nothing to take."""
    return not line or line.isspace()


_BRACE: Final = ord("{")
_BLANKS: Final = b" \t\r"
_STARTS: Final = frozenset(b'{["-0123456789tfn' + _BLANKS)
"""What JSON may begin with: the rest is text without asking the decoder."""
_REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder().decode


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InvalidMessage(f"not UTF-8 at byte {error.start + 1} of the line") from error


def _is_json(text: str) -> bool:
    """Ask a second decoder, which bears any number and half a surrogate pair, whether the grammar is kept."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
