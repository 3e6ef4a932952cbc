"""Payloads and headers come back as they went in, or are refused in words before anything is stored."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import math
import uuid
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smq_core.errors import InvalidMessage
from smq_core.payload import (
    HEADERS_LIMIT,
    PAYLOAD_LIMIT,
    check_json_text,
    decode,
    decode_headers,
    decode_headers_leniently,
    encode,
    encode_headers,
    encode_many,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core import Queue
    from smq_core.message import Payload

texts = st.text(st.characters(exclude_categories=["Cs"]))
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
json_values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20
)


def of_type(value: object) -> object:
    """Return a value with the types of all its parts, since 1, 1.0 and True are equal."""
    if isinstance(value, dict):
        return {name: of_type(item) for name, item in value.items()}
    if isinstance(value, list):
        return [of_type(item) for item in value]
    return type(value), value


@given(json_values | st.binary())
def test_whatever_is_taken_comes_back_the_same(payload: Payload) -> None:
    assert of_type(decode(*encode(payload))) == of_type(payload)


@pytest.mark.parametrize(
    ("payload", "stored"),
    [
        ("hello", ("hello", "text")),
        ("", ("", "text")),
        ('{"a": 1}', ('{"a": 1}', "text")),
        (b"\x00\xff", (b"\x00\xff", "bytes")),
        ({"a": [1, 2.5, None, True]}, ('{"a":[1,2.5,null,true]}', "json")),
        (None, ("null", "json")),
        (0, ("0", "json")),
        (2**70, (str(2**70), "json")),
        ("\x00", ("\x00", "text")),
    ],
)
def test_each_kind_is_stored_as_it_should(payload: Payload, stored: tuple[str | bytes, str]) -> None:
    assert encode(payload) == stored


ILLEGAL: list[tuple[object, str]] = [
    (math.nan, "payload is nan"),
    ([1, math.inf], r"payload\[1\] is inf"),
    ({"a": {"b": -math.inf}}, r"payload\['a'\]\['b'\] is -inf"),
    ({1: "a"}, "key 1, which is not text"),
    ({"a": {1, 2}}, r"payload\['a'\] is of type set"),
    ((1, 2), "type tuple"),
    ([(1, 2)], r"payload\[0\] is of type tuple"),
    (datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "type datetime"),
    (decimal.Decimal("1.5"), "type Decimal"),
    (uuid.UUID(int=1), "type UUID"),
    ({"a": b"bytes"}, "type bytes"),
    (bytearray(b"x"), "type bytearray"),
    (object(), "type object"),
    ("\ud800", "surrogate"),
    (["\udfff"], "surrogate"),
    ({"\ud800": 1}, "surrogate|equal"),
]


@pytest.mark.parametrize(("payload", "words"), ILLEGAL, ids=[str(number) for number in range(len(ILLEGAL))])
def test_what_json_cannot_hold_is_refused_with_its_place(payload: object, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        encode(cast("Payload", payload))


def test_nesting_that_cannot_be_decoded_is_refused() -> None:
    nested: list[object] = []
    for _ in range(10_000):
        nested = [nested]

    with pytest.raises(InvalidMessage, match="deep"):
        encode(cast("Payload", nested))


SIZED: list[Callable[[int], Payload]] = [
    lambda size: "x" * size,
    lambda size: b"x" * size,
    lambda size: "é" * (size // 2),
    lambda size: ["x" * (size - 4)],
]


@pytest.mark.parametrize("of_size", SIZED)
def test_the_limit_counts_bytes_as_stored(of_size: Callable[[int], Payload]) -> None:
    encode(of_size(PAYLOAD_LIMIT))
    with pytest.raises(InvalidMessage, match="over the limit"):
        encode(of_size(PAYLOAD_LIMIT + 2))


def test_a_batch_names_the_position_of_what_it_refuses() -> None:
    assert encode_many(["a", b"b", 1]) == (["a", b"b", "1"], ["text", "bytes", "json"])
    with pytest.raises(InvalidMessage, match="payload 1 of the batch: payload is nan"):
        encode_many(["a", math.nan])


@pytest.mark.parametrize(("body", "payload"), [('{"a":1}', {"a": 1}), ("hello", "hello"), (b"\x00", b"\x00")])
def test_what_sql_wrote_is_json_if_it_parses(body: str | bytes, payload: Payload) -> None:
    assert decode(body, "auto") == payload


def test_json_that_was_broken_by_hand_is_told() -> None:
    with pytest.raises(InvalidMessage, match="although its kind is json"):
        decode("{broken", "json")


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nan", '"\\ud800"', "1 2", "[" * 10_000 + "]" * 10_000])
def test_a_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage):
        check_json_text(text)


@pytest.mark.parametrize("text", ["1.10", '{"b":1,"a":2}', b"[]", "123456789012345678901234567890"])
def test_a_json_text_is_taken_as_it_is_written(text: str | bytes) -> None:
    check_json_text(text)


@given(st.dictionaries(texts, texts, max_size=5))
def test_headers_come_back_as_they_went_in(headers: dict[str, str]) -> None:
    assert decode_headers(encode_headers(headers)) == headers


@pytest.mark.parametrize("headers", [None, {}])
def test_no_headers_are_nothing_at_all(headers: dict[str, str] | None) -> None:
    assert encode_headers(headers) is None


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"a": 1}, "1 is not text"),
        ({1: "a"}, "header 1"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": "x" * HEADERS_LIMIT}, "over the limit"),
        ({"a": None}, "None is not text"),
    ],
)
def test_headers_that_are_no_texts_are_refused(headers: object, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        encode_headers(cast("dict[str, str]", headers))


def test_headers_that_sql_wrote_come_as_text() -> None:
    assert decode_headers('{"a":"x","b":1,"c":[true]}') == {"a": "x", "b": "1", "c": "[true]"}


@pytest.mark.parametrize("text", ["[1]", "{broken"])
def test_headers_that_were_broken_by_hand_are_told_and_shown(text: str) -> None:
    with pytest.raises(InvalidMessage):
        decode_headers(text)
    assert decode_headers_leniently(text) == {"headers": text}


def test_a_struct_is_no_payload() -> None:
    """The codec would take it, as a dict that it was not."""

    class Order(msgspec.Struct):
        id: int

    with pytest.raises(InvalidMessage, match="type Order"):
        encode(cast("Payload", Order(1)))


@pytest.mark.parametrize("headers", [["a"], [], [("a", "b")], "a=b", "", 5, 0, {"a"}])
def test_headers_that_are_no_mapping_are_refused(headers: object) -> None:
    with pytest.raises(InvalidMessage, match="mapping"):
        encode_headers(cast("dict[str, str]", headers))


class _Level(enum.IntEnum):
    LOW = 1


class _Name(enum.StrEnum):
    MAIL = "mail"


class _Old(str, enum.Enum):  # noqa: UP042 - its str() is not its value
    MAIL = "mail"


class _Raw(bytes):
    """Bytes of a class of one's own."""


@pytest.mark.parametrize(
    ("payload", "plain"),
    [
        (_Level.LOW, 1),
        (_Name.MAIL, "mail"),
        (_Old.MAIL, "mail"),
        (_Raw(b"mail"), b"mail"),
        ({"level": _Level.LOW, _Name.MAIL: [_Name.MAIL]}, {"level": 1, "mail": ["mail"]}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
    ],
)
def test_a_value_of_a_subclass_comes_back_as_the_plain_one(
    queue: Queue, payload: Payload, plain: Payload
) -> None:
    queue.enqueue("mail", payload)
    queue.enqueue_many("mail", [payload])

    for lease in queue.dequeue("mail", limit=2):
        assert of_type(lease.message.payload) == of_type(plain)


def test_a_topic_a_key_and_headers_may_be_members_of_an_enum(queue: Queue) -> None:
    queue.enqueue(_Name.MAIL, "a", key=_Name.MAIL, headers={_Name.MAIL: _Name.MAIL})
    queue.enqueue_many(_Name.MAIL, ["a", "b"], keys=[_Old.MAIL, None], headers={_Old.MAIL: _Old.MAIL})

    first, second = (lease.message for lease in queue.dequeue("mail", limit=9))
    assert (of_type(first.key), first.headers) == (of_type("mail"), {"mail": "mail"})
    assert (second.payload, second.headers) == ("b", {"mail": "mail"})
