"""The envelope that JSONL wraps a message in: its fields, their checks, what becomes of unknown ones. Pure.

Beside `topic` and `payload` (or `message`), every field is optional and null is as good as absent. A field
that is not known is kept as a header of its name, so that nothing of a line vanishes.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

import msgspec

from smq_core.clock import epoch_ms
from smq_core.depth import TOO_DEEP, is_decoded_too_deep
from smq_core.errors import InvalidMessage
from smq_core.format import parse_duration
from smq_core.message import Kind
from smq_core.payload import PAYLOAD_LIMIT, check_json_text, encode, encode_headers
from smq_core.states import FINISHED, State
from smq_core.store.records import NewMessage
from smq_core.validation import available_at_ms, check_key, check_max_attempts, check_priority, check_topic

__all__ = ["Base64", "Envelope", "read_envelope"]


class Base64(msgspec.Struct, forbid_unknown_fields=True):
    """How a JSON value stands for bytes."""

    base64: str


class _Plain(msgspec.Struct, forbid_unknown_fields=True):
    """The envelope of most lines; decoding it is all that a check of the other fields would cost."""

    topic: str
    payload: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()


class Envelope(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Every field that an envelope may have, as an export writes them. Times are seconds since the epoch."""

    topic: str
    payload: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    """The ancestor's name of the payload."""
    kind: Kind | None = None
    headers: dict[str, str] | None = None
    priority: int | None = None
    key: str | None = None
    state: State | None = None
    attempts: int | None = None
    max_attempts: int | None = None
    delay: float | str | None = None
    """Seconds, or text such as `10m`."""
    created_at: float | None = None
    available_at: float | None = None
    finished_at: float | None = None
    last_error: str | None = None


def read_envelope(line: bytes, now_ms: int) -> NewMessage | None:
    """Turn a line that holds a JSON object into a message; None: it is not an envelope but itself a payload.

    Raises:
        InvalidMessage: when a field is illegal.
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: when the line cannot be decoded as JSON.
    """
    try:
        plain = _decode_plain(line)
    except msgspec.ValidationError:
        return _full(line, now_ms)
    body = plain.payload or plain.message
    if not body:
        return None
    if plain.payload and plain.message:
        return _full(line, now_ms)
    text, kind = _value(body)
    return NewMessage(topic=check_topic(plain.topic), body=text, kind=kind, available_at=now_ms)


_PLACE: Final = re.compile(r"at `\$\.(\w+)")
_SECONDS: Final = "a number of seconds since the epoch"
_EXPECTED: Final = {
    "topic": "text",
    "kind": '"json", "text" or "bytes"',
    "headers": "an object whose values are text",
    "priority": "an integer",
    "key": "text",
    "state": " or ".join((", ".join(f'"{state}"' for state in list(State)[:-1]), f'"{list(State)[-1]}"')),
    "attempts": "an integer",
    "max_attempts": "an integer",
    "delay": 'a number of seconds, or text such as "10m"',
    "created_at": _SECONDS,
    "available_at": _SECONDS,
    "finished_at": _SECONDS,
    "last_error": "text",
}
"""What a field has to hold; each may be null."""
_ATTEMPTS_LIMIT: Final = 1_000_000
_FIELDS: Final = frozenset(Envelope.__struct_fields__)
_QUOTE: Final = ord('"')
_decode_plain = msgspec.json.Decoder(_Plain).decode
_decode_full = msgspec.json.Decoder(Envelope).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_string = msgspec.json.Decoder(str).decode
_decode_base64 = msgspec.json.Decoder(Base64).decode
_decode_any = msgspec.json.Decoder().decode


def _full(line: bytes, now_ms: int) -> NewMessage | None:
    fields = _decode_fields(line)
    if "topic" not in fields or ("payload" not in fields and "message" not in fields):
        return None
    # The whole line first: what is not JSON at all is not this function's to refuse.
    _decode_any(line)
    try:
        envelope = _decode_full(line)
    except msgspec.ValidationError as error:
        raise InvalidMessage(_sentence(str(error))) from error
    extra = {name: raw for name, raw in fields.items() if name not in _FIELDS}
    if envelope.payload and envelope.message:
        extra["message"] = envelope.message
    return _message(envelope, extra, now_ms)


def _message(envelope: Envelope, extra: dict[str, msgspec.Raw], now_ms: int) -> NewMessage:
    body, kind = _body(envelope.payload or envelope.message, envelope.kind)
    available_at = _available_at(envelope, now_ms)
    state = _state(envelope.state, available_at, now_ms)
    finished_at = _moment("finished_at", envelope.finished_at)
    return NewMessage(
        topic=check_topic(envelope.topic),
        body=body,
        kind=kind,
        available_at=available_at,
        priority=check_priority(envelope.priority or 0),
        key=check_key(envelope.key),
        headers=encode_headers(_headers(envelope.headers, extra)),
        max_attempts=check_max_attempts(envelope.max_attempts),
        state=state,
        attempts=_attempts(envelope.attempts or 0),
        created_at=_moment("created_at", envelope.created_at),
        last_error=envelope.last_error,
        finished_at=(now_ms if finished_at is None else finished_at) if state in FINISHED else None,
    )


def _body(raw: msgspec.Raw, kind: Kind | None) -> tuple[str | bytes, Kind]:
    """Take the payload by its kind; without one a JSON string is text and any other value JSON."""
    if kind is None:
        return _value(raw)
    if kind == "json":
        text = str(raw, "utf-8")
        check_json_text(text)
        return text, "json"
    try:
        if kind == "bytes":
            return encode(_unpacked(_decode_string(raw)))
        if memoryview(raw)[0] == _QUOTE:
            return encode(_decode_string(raw))
        return encode(_unpacked(_decode_base64(raw).base64).decode())
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        expected = (
            "a JSON string in base64" if kind == "bytes" else 'a JSON string, or {"base64": …} of UTF-8'
        )
        raise InvalidMessage(f"the payload of kind {kind} is not {expected}") from error


def _value(raw: msgspec.Raw) -> tuple[str | bytes, Kind]:
    if memoryview(raw)[0] == _QUOTE:
        return encode(_decode_string(raw))
    text, value = str(raw, "utf-8"), _decode_any(raw)
    if len(raw) > PAYLOAD_LIMIT:
        check_json_text(text)
    if is_decoded_too_deep(text, value):
        raise InvalidMessage(TOO_DEEP)
    return text, "json"


def _unpacked(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise InvalidMessage(f"the payload is not base64: {error}") from error


def _headers(headers: dict[str, str] | None, extra: dict[str, msgspec.Raw]) -> dict[str, str]:
    named = dict(headers or {})
    for name, raw in extra.items():
        if name in named:
            raise InvalidMessage(f"{name!r} is given both in the line and among its headers: keep one")
        named[name] = _decode_string(raw) if memoryview(raw)[0] == _QUOTE else str(raw, "utf-8")
    return named


def _available_at(envelope: Envelope, now_ms: int) -> int:
    if envelope.available_at is None:
        return available_at_ms(now_ms, _delay_s(envelope.delay), None)
    if envelope.delay:
        raise InvalidMessage("delay and available_at are mutually exclusive: give one of them")
    return _moment("available_at", envelope.available_at) or 0


def _delay_s(delay: float | str | None) -> float:
    if not isinstance(delay, str):
        return delay or 0.0
    try:
        return parse_duration(delay)
    except ValueError as error:
        raise InvalidMessage(f"delay: {error}") from error


def _sentence(complaint: str) -> str:
    """Turn the decoder's complaint, which ends with a field's place, into a sentence about the field."""
    found = _PLACE.search(complaint)
    expected = _EXPECTED.get(found[1]) if found else None
    if found is None or expected is None:
        return complaint
    return f"{found[1]} must be {expected}"


def _state(state: State | None, available_at: int, now_ms: int) -> State:
    """Return the state to restore: what was processing comes back ready, what must wait is delayed."""
    if state is None or state in {State.READY, State.PROCESSING}:
        return State.DELAYED if available_at > now_ms else State.READY
    return state


def _moment(name: str, seconds: float | None) -> int | None:
    if seconds is None:
        return None
    try:
        return epoch_ms(seconds)
    except ValueError as error:
        raise InvalidMessage(f"{name}: {error}") from error


def _attempts(attempts: int) -> int:
    if not 0 <= attempts <= _ATTEMPTS_LIMIT:
        raise InvalidMessage(f"attempts {attempts} must be an integer between 0 and {_ATTEMPTS_LIMIT:,}")
    return attempts
