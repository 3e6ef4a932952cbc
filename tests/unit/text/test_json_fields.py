"""Names and forms of what smq prints as JSON."""

from __future__ import annotations

import json
import math

import pytest

from smq_core import Message
from smq_core.json_fields import fields_of, is_time, iso_time, json_form, message_fields, time_fields

MOMENT = 1_795_519_672.5


def test_a_time_has_two_fields() -> None:
    assert time_fields("died_at", MOMENT) == {"died_at": "2026-11-24T11:27:52.500Z", "died_at_s": MOMENT}
    assert time_fields("died_at", None) == {"died_at": None, "died_at_s": None}


def test_a_time_is_written_to_the_millisecond() -> None:
    """As it is stored, whatever a float makes of it."""
    assert iso_time(1_795_519_672.057) == "2026-11-24T11:27:52.057Z"
    assert iso_time(-0.001) == "1969-12-31T23:59:59.999Z"


@pytest.mark.parametrize("moment", [1e15, -1e15, math.inf, math.nan])
def test_what_no_calendar_holds_is_null_and_keeps_its_number(moment: float) -> None:
    assert time_fields("at", moment)["at"] is None
    assert time_fields("at", moment)["at_s"] is moment


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("at", True), ("failed_at", True), ("locked_until", True), ("paused_since", True), ("state", False)],
)
def test_a_time_is_known_by_the_end_of_its_name(name: str, *, is_one: bool) -> None:
    assert is_time(name) is is_one


def test_fields_get_their_units() -> None:
    fields = fields_of(
        Message(id=1, topic="mail", payload=None, size=4, locked_until=MOMENT), size="size_bytes"
    )
    assert (fields["size_bytes"], fields["locked_until_s"]) == (4, MOMENT)
    assert "size" not in fields


def test_a_payload_keeps_the_names_that_it_came_with() -> None:
    message = Message(id=1, topic="mail", payload={"created_at": 1, "size": 2})
    assert message_fields(message)["payload"] == {"created_at": 1, "size": 2}


def test_bytes_are_written_in_base64() -> None:
    assert json.dumps(b"\x00\xff", default=json_form) == '{"base64": "AP8="}'
