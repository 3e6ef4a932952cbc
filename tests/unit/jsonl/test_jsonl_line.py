"""What a line of JSONL becomes."""

from __future__ import annotations

import json

import pytest

from smq_core.errors import InvalidMessage
from smq_core.jsonl.line import LineParser, Parsed, is_blank
from smq_core.states import State
from smq_core.written import ValueShape

NOW = 1_700_000_000_000


def parse(line: bytes, **options: bool) -> Parsed:
    return LineParser("default", **options).parse(line, NOW)


def envelope(**fields: object) -> bytes:
    return json.dumps({"topic": "t", "payload": 1, **fields}).encode()


@pytest.mark.parametrize(
    ("line", "topic", "body", "kind", "shape"),
    [
        (
            b'{"topic": "mail", "payload": {"b": 1, "a": 2}}',
            "mail",
            '{"b": 1, "a": 2}',
            "json",
            ValueShape.OBJECT,
        ),
        (b'{"topic": "mail", "payload": "hi"}', "mail", "hi", "text", ValueShape.OBJECT),
        (b'{"topic": "mail", "message": "hi"}', "mail", "hi", "text", ValueShape.OBJECT),
        (b'{"topic": "mail", "message": [1]}', "mail", "[1]", "json", ValueShape.OBJECT),
        (b'{"topic": "mail", "payload": null}', "mail", "null", "json", ValueShape.OBJECT),
        (b'{"topic": "mail", "payload": ""}', "mail", "", "text", ValueShape.OBJECT),
        (b'{"topic": "mail"}', "default", '{"topic": "mail"}', "json", ValueShape.OBJECT),
        (b'{"payload": 1}', "default", '{"payload": 1}', "json", ValueShape.OBJECT),
        (b'"a \\u00e9"', "default", "a é", "text", ValueShape.STRING),
        (b"12345678901234567890123.50", "default", "12345678901234567890123.50", "json", ValueShape.VALUE),
        (b"[1, 2]", "default", "[1, 2]", "json", ValueShape.VALUE),
        (b"true", "default", "true", "json", ValueShape.VALUE),
        (b'  {"a": 1}  ', "default", '{"a": 1}', "json", ValueShape.OBJECT),
        (b"true story", "default", "true story", "text", ValueShape.TEXT),
        (b"NaN", "default", "NaN", "text", ValueShape.TEXT),
        ("größer".encode(), "default", "größer", "text", ValueShape.TEXT),
        (b"  kept as it is ", "default", "  kept as it is ", "text", ValueShape.TEXT),
        (b"nul\x00inside", "default", "nul\x00inside", "text", ValueShape.TEXT),
        (b'{"a": 1', "default", '{"a": 1', "text", ValueShape.BROKEN),
        (b'{"a": NaN}', "default", '{"a": NaN}', "text", ValueShape.BROKEN),
        (b"[x]", "default", "[x]", "text", ValueShape.BROKEN),
    ],
)
def test_a_line_becomes_a_message(line: bytes, topic: str, body: str, kind: str, shape: ValueShape) -> None:
    parsed = parse(line)
    message = parsed.message
    assert (message.topic, message.body, message.kind, parsed.shape) == (topic, body, kind, shape)


def test_a_carriage_return_at_the_end_is_no_part_of_a_text() -> None:
    assert parse(b"hello\r").message.body == "hello"
    assert parse(b'"hello"\r').message.body == "hello"


@pytest.mark.parametrize("line", [b"", b"\r", b" \t"])
def test_a_line_of_blanks_holds_nothing(line: bytes) -> None:
    assert is_blank(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1e400", "number out of range"),
        (b'{"a": -1e999}', "number out of range"),
        (b'"\\ud800"', "surrogate"),
        (b'{"topic": "t", "payload": {"\\udc00": 1}}', "surrogate"),
        (b'{"topic": "t", "payload": 1, "priority": "high"}', "^priority must be an integer$"),
        (b'{"topic": "t", "payload": 1, "attempts": 1.5}', "^attempts must be an integer$"),
        (b'{"topic": "t", "payload": 1, "max_attempts": []}', "^max_attempts must be an integer$"),
        (b'{"topic": 7, "payload": 1}', "^topic must be text$"),
        (b'{"topic": "t", "payload": 1, "key": 7}', "^key must be text$"),
        (b'{"topic": "t", "payload": 1, "headers": {"a": 1}}', "^headers must be an object whose values"),
        (b'{"topic": "t", "payload": 1, "kind": "xml"}', '^kind must be "json", "text" or "bytes"$'),
        (b'{"topic": "t", "payload": 1, "state": "lost"}', '^state must be "ready", "delayed", '),
        (b'{"topic": "t", "payload": 1, "created_at": "now"}', "^created_at must be a number of seconds"),
        (b'{"topic": "t", "payload": 1, "delay": []}', "^delay must be a number of seconds, or text"),
        (b'{"topic": "t", "payload": 1, "delay": "soon"}', "^delay: 'soon' is not a duration"),
        (b"[" * 201 + b"]" * 201, "at most 200 levels"),
        (b'{"topic": "t", "payload": ' + b"[" * 201 + b"]" * 201 + b"}", "at most 200 levels"),
        (
            b'{"topic": "t", "kind": "json", "payload": ' + b"[" * 201 + b"]" * 201 + b"}",
            "at most 200 levels",
        ),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply"),
        (b'{"topic": "t", "payload": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "nested too deeply"),
        (b"\xff", "not UTF-8 at byte 1"),
        (b'{"topic": "t", "payload": "\xed\xa0\x80"}', "not UTF-8 at byte 28"),
        (b'{"topic": 1, "payload": 1}', "topic"),
        (b'{"topic": null, "payload": 1}', "topic"),
        (b'{"topic": "a=b", "payload": 1}', "a=b"),
        (b'{"topic": "a\\u001bb", "payload": 1}', "unprintable"),
        (b'{"topic": "' + b"x" * 10_000 + b'", "payload": 1}', "over the limit"),
        (b'"' + b"x" * (16 * 1024 * 1024 + 1) + b'"', "over the limit"),
        (b"[" + b"1," * (8 * 1024 * 1024) + b"1]", "over the limit"),
        (b'{"topic": "t", "payload": [' + b"1," * (8 * 1024 * 1024) + b"1]}", "over the limit"),
    ],
)
def test_a_line_that_cannot_be_taken_says_why(line: bytes, reason: str) -> None:
    with pytest.raises(InvalidMessage, match=reason):
        parse(line)


def test_strict_refuses_what_only_begins_as_json_does() -> None:
    with pytest.raises(InvalidMessage, match="starts like JSON"):
        parse(b'{"a": 1', is_strict=True)
    assert parse(b"a text", is_strict=True).shape is ValueShape.TEXT


def test_every_field_of_an_envelope_is_restored() -> None:
    line = envelope(
        headers={"trace": "a"},
        priority=-7,
        key="k",
        max_attempts=3,
        attempts=2,
        state="dead",
        created_at=1_600_000_000.25,
        available_at=1_600_000_001.5,
        finished_at=1_600_000_002.125,
        last_error="boom",
    )
    message = parse(line).message
    assert (message.headers, message.priority, message.key) == ('{"trace":"a"}', -7, "k")
    assert (message.max_attempts, message.attempts, message.state) == (3, 2, State.DEAD)
    assert (message.created_at, message.available_at) == (1_600_000_000_250, 1_600_000_001_500)
    assert (message.finished_at, message.last_error) == (1_600_000_002_125, "boom")


def test_a_field_that_is_null_is_as_good_as_absent() -> None:
    fields = dict.fromkeys(("kind", "headers", "priority", "key", "max_attempts", "state", "delay"))
    assert parse(envelope(**fields)).message == parse(envelope()).message


def test_unknown_fields_are_kept_as_headers() -> None:
    message = parse(envelope(id=7, note="text", headers={"a": "b"})).message
    assert message.headers is not None
    assert json.loads(message.headers) == {"a": "b", "id": "7", "note": "text"}


def test_a_message_beside_a_payload_is_kept_as_a_header() -> None:
    message = parse(envelope(message="also")).message
    assert (message.body, message.headers) == ("1", '{"message":"also"}')


def test_a_field_that_is_also_among_the_headers_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="both"):
        parse(envelope(note="text", headers={"note": "other"}))


@pytest.mark.parametrize(
    ("kind", "payload", "body"),
    [
        ("json", "x", '"x"'),
        ("json", [1], "[1]"),
        ("text", "x", "x"),
        ("text", {"base64": "w6k="}, "é"),
        ("bytes", "AP8=", b"\x00\xff"),
        ("bytes", "", b""),
    ],
)
def test_a_kind_says_how_the_payload_is_meant(kind: str, payload: object, body: object) -> None:
    message = parse(envelope(kind=kind, payload=payload)).message
    assert (message.kind, message.body) == (kind, body)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "xml"}, "kind"),
        ({"kind": "text"}, "kind text"),
        ({"kind": "text", "payload": {"base64": "/w=="}}, "UTF-8"),
        ({"kind": "bytes"}, "kind bytes"),
        ({"kind": "bytes", "payload": "AP8"}, "base64"),
        ({"headers": {"a": 1}}, "headers"),
        ({"headers": {"a": "x" * 20_000}}, "over the limit"),
        ({"note": "x" * 20_000}, "over the limit"),
        ({"priority": 101}, "priority"),
        ({"priority": "high"}, "priority"),
        ({"priority": True}, "priority"),
        ({"key": ""}, "key"),
        ({"key": 7}, "key"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"attempts": -1}, "attempts"),
        ({"attempts": 10**30}, "attempts"),
        ({"state": "lost"}, "state"),
        ({"delay": -1}, "delay"),
        ({"delay": 1, "available_at": 1}, "exclusive"),
        ({"available_at": 1e300}, "available_at"),
        ({"created_at": -1}, "created_at"),
        ({"finished_at": "yesterday"}, "finished_at"),
        ({"last_error": 1}, "last_error"),
    ],
)
def test_a_field_of_a_wrong_type_or_range_is_refused(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidMessage, match=reason):
        parse(envelope(**fields))


def test_a_delay_makes_a_message_delayed() -> None:
    message = parse(envelope(delay=2.5)).message
    assert (message.available_at, message.state) == (NOW + 2_500, State.DELAYED)


def test_what_was_being_processed_comes_back_ready() -> None:
    message = parse(envelope(state="processing", attempts=1, available_at=1)).message
    assert (message.state, message.attempts) == (State.READY, 1)


def test_a_finished_message_without_a_time_finished_now() -> None:
    assert parse(envelope(state="done")).message.finished_at == NOW
    assert parse(envelope(state="ready", finished_at=5)).message.finished_at is None


def test_the_default_topic_has_to_be_legal() -> None:
    with pytest.raises(InvalidMessage, match="topic"):
        LineParser("a,b")
