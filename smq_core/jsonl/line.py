"""Turns one line of JSONL into a message, or says why it cannot be one. Pure: no files, no line numbers.

A JSON object with `topic` and `payload` (or `message`) is an envelope, see `smq_core.jsonl.envelope`.
Anything else is itself the payload, see `smq_core.written`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from smq_core.errors import InvalidMessage
from smq_core.jsonl.envelope import read_envelope
from smq_core.store.records import NewMessage
from smq_core.validation import check_topic
from smq_core.written import REFUSALS, Value, ValueShape, read_refused, read_value

__all__ = ["LINE_LIMIT", "TOO_LONG", "LineParser", "Parsed", "is_blank"]

LINE_LIMIT: Final = 24 * 1024 * 1024
"""Bytes of a line: the largest payload in base64, with room for its envelope."""
TOO_LONG: Final = f"the line is over the limit of {LINE_LIMIT:,} bytes"


class Parsed(msgspec.Struct, frozen=True):
    """A line that can be taken."""

    message: NewMessage
    shape: ValueShape


class LineParser:
    """Parses lines for one import: its default topic, and whether it is strict."""

    __slots__ = ("_is_strict", "_topic")

    def __init__(self, topic: str = "default", *, is_strict: bool = False) -> None:
        """Keep the topic of lines that name none.

        Raises:
            InvalidMessage: when it is not a legal topic.
        """
        self._topic = check_topic(topic)
        self._is_strict = is_strict

    def parse(self, line: bytes, now_ms: int) -> Parsed:
        """Turn a line that is not blank into a message; a carriage return at its end is dropped.

        Raises:
            InvalidMessage: with the reason, when it cannot be taken.
        """
        if len(line) > LINE_LIMIT:
            raise InvalidMessage(TOO_LONG)
        if line[-1:] == b"\r":
            line = line[:-1]
        if line[:1] == b"{" or line.lstrip(_BLANKS)[:1] == b"{":
            try:
                message = read_envelope(line, now_ms)
            except REFUSALS as error:
                return self._payload(read_refused(line, error, is_strict=self._is_strict), now_ms)
            if message is not None:
                return Parsed(message, ValueShape.OBJECT)
        return self._payload(read_value(line, is_strict=self._is_strict), now_ms)

    def _payload(self, value: Value, now_ms: int) -> Parsed:
        message = NewMessage(topic=self._topic, body=value.body, kind=value.kind, available_at=now_ms)
        return Parsed(message, value.shape)


def is_blank(line: bytes) -> bool:
    """Return whether a line holds nothing to take."""
    return not line or line.isspace()


_BLANKS: Final = b" \t"
