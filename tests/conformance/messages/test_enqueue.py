"""Adding messages: what is stored, which state it is in, and what a held key does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.states import State

if TYPE_CHECKING:
    from tests.conformance.desk import Desk


def test_a_message_is_stored_as_it_was_given(desk: Desk) -> None:
    sent = desk.send(body="text", priority=5, key="k", headers='{"a":"b"}', max_attempts=3)

    row = desk.row(sent)
    assert (row.topic, row.body, row.kind, row.priority, row.key) == ("mail", "text", "text", 5, "k")
    assert (row.headers, row.max_attempts, row.status, row.attempts) == ('{"a":"b"}', 3, State.READY, 0)
    assert (row.created_at, row.available_at, row.body_size) == (desk.now_ms, desk.now_ms, 4)


def test_ids_grow_and_are_never_used_again(desk: Desk) -> None:
    first = desk.send()
    desk.ack(desk.take_one())

    assert desk.send() > first


def test_a_message_for_later_is_delayed(desk: Desk) -> None:
    assert desk.row(desk.send(delay=1)).status == State.DELAYED


def test_a_message_for_an_earlier_time_is_ready(desk: Desk) -> None:
    assert desk.row(desk.send(delay=-5)).status == State.READY


@pytest.mark.parametrize("body", ["", "a\x00b", "naïve ☃ 𝄞", b"", b"\x00\xff", "x" * 100_000])
def test_a_body_comes_back_to_the_byte(desk: Desk, body: str | bytes) -> None:
    desk.send(body=body, kind="bytes" if isinstance(body, bytes) else "text")

    (row,), _ = desk.lease()
    assert row.body == body


def test_a_held_key_answers_its_holder_and_adds_nothing(desk: Desk) -> None:
    first = desk.send(key="k")

    assert desk.send(body="other", key="k") == first
    assert desk.stats().entered == 1


@pytest.mark.parametrize("delay", [0, 60])
def test_a_key_is_held_while_its_message_is_unfinished(desk: Desk, delay: int) -> None:
    first = desk.send(key="k", delay=delay)
    desk.take()

    assert desk.send(key="k") == first


def test_a_key_is_free_when_its_message_is_finished(desk: Desk) -> None:
    first = desk.send(key="k")
    desk.bury(desk.take_one())

    assert desk.send(key="k") != first


def test_a_key_belongs_to_its_topic(desk: Desk) -> None:
    assert desk.send(key="k") != desk.send("print", key="k")


def test_a_batch_has_its_ids_in_the_order_of_its_bodies(desk: Desk) -> None:
    ids = desk.send_many(["a", "b", "c"])

    assert [desk.row(one).body for one in ids] == ["a", "b", "c"]


def test_a_batch_of_mixed_kinds_comes_back_as_it_went_in(desk: Desk) -> None:
    bodies = ["a", b"\x00", '{"x":1}', "b\x00c", b""]
    kinds = ["text", "bytes", "json", "text", "bytes"]
    ids = desk.send_many(bodies, kinds=kinds)  # type: ignore[arg-type]  # bytes too

    assert [(row.body, row.kind) for row in map(desk.row, ids)] == list(zip(bodies, kinds, strict=True))


def test_a_batch_shares_priority_headers_limit_and_time(desk: Desk) -> None:
    (one,) = desk.send_many(
        ["a"], priority=7, headers='{"a":"b"}', max_attempts=2, available_at=desk.now_ms + 1
    )

    row = desk.row(one)
    assert (row.priority, row.headers, row.max_attempts, row.status) == (7, '{"a":"b"}', 2, State.DELAYED)


def test_keys_of_a_batch_are_held_against_what_is_there_and_one_another(desk: Desk) -> None:
    there = desk.send(key="k")
    ids = desk.send_many(["a", "b", "c", "d"], ["k", "l", None, "l"])

    assert (ids[0], ids[3]) == (there, ids[1])
    assert desk.stats().entered == 3


def test_an_empty_batch_adds_nothing(desk: Desk) -> None:
    assert desk.send_many([]) == []


def test_a_batch_is_added_whole_or_not_at_all(desk: Desk) -> None:
    with pytest.raises(Exception, match="kind"):
        desk.send_many(["a", "b"], kinds=["text", "nonsense"])

    assert desk.stats().entered == 0
