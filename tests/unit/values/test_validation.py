"""The ranges of a message's parts: the last legal value is taken, the next one is refused with words."""

from __future__ import annotations

import datetime
import math
from typing import cast

import pytest

from smq_core.errors import InvalidMessage
from smq_core.testing import EPOCH_MS
from smq_core.validation import (
    available_at_ms,
    check_key,
    check_keys,
    check_max_attempts,
    check_priority,
    check_topic,
    duration_ms,
    visibility_ms,
)


@pytest.mark.parametrize(
    "topic", ["a", "x" * 200, "é" * 100, "two words", "a/b.c-d_e:f", "日本", "{topic}", "'"]
)
def test_a_printable_name_is_a_topic(topic: str) -> None:
    assert check_topic(topic) == topic


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("", "empty"),
        ("x" * 201, "201 bytes"),
        ("é" * 101, "202 bytes"),
        ("x" * 10_000, "10,000 bytes"),
        (" a", "space"),
        ("a ", "space"),
        ("a=b", "="),
        ("a*", r"\*"),
        ("a,b", ","),
        ("a\nb", "printable"),
        ("\x1b[31m", "printable"),
        ("a\x00", "printable"),
        ("\ud800", "printable"),
        ("\u202e", "printable"),
        (5, "not int"),
        (["a"], "not list"),
        (None, "not NoneType"),
        (b"a", "not bytes"),
    ],
)
def test_any_other_name_is_no_topic(topic: object, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        check_topic(cast("str", topic))


@pytest.mark.parametrize("priority", [-100, 0, 100])
def test_a_priority_in_range_is_taken(priority: int) -> None:
    assert check_priority(priority) == priority


@pytest.mark.parametrize("priority", [-101, 101, 1.0, True, "1", None])
def test_any_other_priority_is_refused(priority: object) -> None:
    with pytest.raises(InvalidMessage, match="priority"):
        check_priority(cast("int", priority))


@pytest.mark.parametrize("key", [None, "k", "k" * 512, "é" * 256, "\n"])
def test_a_key_in_range_is_taken(key: str | None) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize("key", ["", "k" * 513, "é" * 257, "\ud800", 5, b"k"])
def test_any_other_key_is_refused(key: object) -> None:
    with pytest.raises(InvalidMessage, match="key"):
        check_key(cast("str", key))


def test_a_batch_has_a_key_for_each_payload() -> None:
    assert check_keys(None, 3) is None
    assert check_keys(["a", None], 2) == ["a", None]
    with pytest.raises(InvalidMessage, match="1 key for 2 payloads"):
        check_keys(["a"], 2)


@pytest.mark.parametrize("limit", [None, 1, 1_000_000])
def test_a_limit_in_range_is_taken(limit: int | None) -> None:
    assert check_max_attempts(limit) == limit


@pytest.mark.parametrize("limit", [0, -1, 1_000_001, 1.5, True])
def test_any_other_limit_is_refused(limit: object) -> None:
    with pytest.raises(InvalidMessage, match="max_attempts"):
        check_max_attempts(cast("int", limit))


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(0, 0), (0.0014, 1), (1, 1000), (3_162_240_000, 3_162_240_000_000)]
)
def test_a_duration_is_rounded_to_milliseconds(seconds: float, milliseconds: int) -> None:
    assert duration_ms(seconds, "delay") == milliseconds


@pytest.mark.parametrize("seconds", [-0.001, 3_162_240_001, math.nan, math.inf, 10**400, "1", None, True])
def test_any_other_duration_is_refused_by_its_name(seconds: object) -> None:
    with pytest.raises(InvalidMessage, match="delay"):
        duration_ms(cast("float", seconds), "delay")


@pytest.mark.parametrize(("seconds", "milliseconds"), [(0.001, 1), (60, 60_000), (86_400, 86_400_000)])
def test_a_visibility_timeout_lasts_up_to_a_day(seconds: float, milliseconds: int) -> None:
    assert visibility_ms(seconds) == milliseconds


@pytest.mark.parametrize("seconds", [0, -1, 0.0009, 86_400.01])
def test_any_other_visibility_timeout_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidMessage, match="visibility timeout"):
        visibility_ms(seconds)


def test_a_message_is_for_now_unless_it_is_said_otherwise() -> None:
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))

    assert available_at_ms(EPOCH_MS, 0.0, None) == EPOCH_MS
    assert available_at_ms(EPOCH_MS, 1.5, None) == EPOCH_MS + 1_500
    assert available_at_ms(EPOCH_MS, 0.0, 12.3456) == 12_346
    assert available_at_ms(EPOCH_MS, 0.0, moment) == 1_767_218_400_000


@pytest.mark.parametrize(
    ("delay", "at", "words"),
    [
        (-1.0, None, "delay"),
        (1.0, 5.0, "exclusive"),
        (0.0, -1.0, "1970"),
        (0.0, 1e12, "9999"),
        (0.0, math.nan, "at"),
        (0.0, datetime.datetime(2026, 1, 1), "time zone"),  # noqa: DTZ001 - it is the mistake
        (0.0, "tomorrow", "at"),
        (0.0, "2020", "not a time"),
        (0.0, True, "not a time"),
        (0.0, datetime.date(2030, 1, 1), "not a time"),
        (0.0, 10**400, "at"),
    ],
)
def test_a_time_that_means_nothing_is_refused(delay: float, at: object, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        available_at_ms(EPOCH_MS, delay, cast("float", at))
