"""What the values of an ancestor's row mean: times, status words, topics. It reads no table and no clock."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Final

from smq_core.errors import InvalidMessage
from smq_core.payload import check_json_text
from smq_core.states import State
from smq_core.validation import TOPIC_LIMIT, check_topic

if TYPE_CHECKING:
    from smq_core.message import Kind

__all__ = ["WORDS", "Value", "body_of", "legal_topic", "shown", "time_ms", "word_of"]

Value = None | int | float | str | bytes
"""What a column held: text as str, or as bytes where it is not valid text; a BLOB as bytes."""

WORDS: Final = {
    State.READY: "pending queued ready new waiting enqueued available todo open created scheduled delayed "
    "deferred retry retrying requeued released",
    State.PROCESSING: "processing locked leased running in_progress in-progress inflight in_flight in-flight "
    "claimed reserved active started working",
    State.DONE: "done completed complete finished succeeded success processed acked acknowledged",
    State.DEAD: "failed failure error errored dead dead_letter dead-letter deadletter buried",
}
"""Status words that need no mapping; `ready` becomes `delayed` where `available_at` is still to come."""

_END_OF_9999_S: Final = 253_402_300_800
_DEFAULT_TOPIC: Final = "default"


def word_of(status: Value) -> str:
    """Return a status as a word: without space around it, in lower case; NULL as `null`."""
    return shown(status).strip().lower()


def shown(value: Value) -> str:
    """Return a value as text for people and headers."""
    if value is None:
        return "NULL"
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def time_ms(value: Value) -> int | None:
    """Turn Unix seconds or ISO text (local time where no zone stands) into milliseconds; None: not a time.

    Numbers beyond the year 9999 can only be milliseconds.
    """
    if isinstance(value, str):
        return _read_time(value.strip())
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    milliseconds = round(value * 1000) if abs(value) < _END_OF_9999_S else round(value)
    return milliseconds if 0 <= milliseconds < _END_OF_9999_S * 1000 else None


def _read_time(text: str) -> int | None:
    try:
        return time_ms(float(text))
    except ValueError:
        pass
    try:
        return time_ms(datetime.datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError, OSError):
        return None


def body_of(payload: Value) -> tuple[str | bytes, Kind]:
    """Return a payload as it is stored, and its kind.

    Text that is JSON is `json`, as is a number; other text is `text`, NULL the empty one; a BLOB is `bytes`.
    """
    if isinstance(payload, bytes):
        return payload, "bytes"
    text = "" if payload is None else str(payload)
    try:
        check_json_text(text)
    except InvalidMessage:
        return text, "text"
    return text, "json"


def legal_topic(topic: Value) -> str:
    """Return the topic if it is legal, else the nearest one that is."""
    if topic is None:
        return _DEFAULT_TOPIC
    text = shown(topic)
    try:
        return check_topic(text)
    except (InvalidMessage, UnicodeEncodeError):
        text = "".join("_" if not char.isprintable() or char in "=*," else char for char in text)
        return text.encode()[:TOPIC_LIMIT].decode(errors="ignore").strip() or _DEFAULT_TOPIC
