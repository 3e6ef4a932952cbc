"""A lease takes as many bytes as it is allowed, and always one message: all of them are written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.states import State
from smq_core.store.records import LEASE_BYTES

if TYPE_CHECKING:
    from tests.conformance.desk import Desk

MIB = 1024 * 1024
SMALL, LARGE = 100, 40_000
"""Bytes of a message that is read with its page, and of one that is read by itself."""


def leased(desk: Desk, *topics: str, limit: int = 1_000, **changes: object) -> list[int]:
    """Lease and return the ids, in order."""
    return [row.id for row in desk.lease(*topics, limit=limit, **changes)[0]]  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("order", ["topics", "oldest"])
@pytest.mark.parametrize(("max_bytes", "count"), [(0, 1), (1, 1), (2, 2), (2.99, 2), (3, 3), (9, 5)])
def test_messages_are_leased_until_one_would_be_too_much(
    desk: Desk, size: int, order: str, max_bytes: float, count: int
) -> None:
    sent = [desk.send(body="x" * size) for _ in range(5)]

    assert leased(desk, order=order, max_bytes=int(max_bytes * size)) == sent[:count]
    assert [desk.state(one) for one in sent] == ["processing"] * count + ["ready"] * (5 - count)


@pytest.mark.parametrize("order", ["topics", "oldest"])
def test_the_first_message_is_leased_whatever_its_size(desk: Desk, order: str) -> None:
    sent = [desk.send(body=b"\0" * LARGE), desk.send(body=b"")]

    assert leased(desk, order=order, max_bytes=1) == sent[:1]
    assert leased(desk, order=order, max_bytes=1) == sent[1:]


@pytest.mark.parametrize("body", ["x" * LARGE, "\N{SNOWMAN}" * LARGE, b"\xff" * LARGE, '{"a": 1}', b""])
@pytest.mark.parametrize("order", ["topics", "oldest"])
def test_a_payload_of_any_size_comes_as_it_was_sent(desk: Desk, order: str, body: str | bytes) -> None:
    desk.send(body="before")
    desk.send(body=body)

    rows, _ = desk.lease(limit=9, order=order)

    assert [row.body for row in rows] == ["before", body]


@pytest.mark.parametrize("count", [1_000, 10_000])
def test_text_counts_by_its_bytes_and_not_by_its_characters(desk: Desk, count: int) -> None:
    for _ in range(3):
        desk.send(body="\N{SNOWMAN}" * count)

    assert len(leased(desk, max_bytes=6 * count)) == 2


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_headers_count(desk: Desk, size: int) -> None:
    for _ in range(3):
        desk.send(body="x" * size, headers='{"a":"b"}')

    assert len(leased(desk, max_bytes=3 * size)) == 2


def test_the_limit_is_the_total_over_topics(desk: Desk) -> None:
    """A smaller message of a later topic does not overtake the one that was too large."""
    first, large = desk.send("mail", "x" * SMALL), desk.send("mail", "x" * LARGE)
    later = desk.send("print", "x")

    assert leased(desk, "mail", "print", max_bytes=2 * SMALL) == [first]
    assert leased(desk, "mail", "print", max_bytes=2 * LARGE) == [large, later]


def test_the_limit_is_the_total_over_more_messages_than_are_read_at_once(desk: Desk) -> None:
    sent = desk.send_many(["x" * SMALL] * 1_200)

    assert leased(desk, limit=5_000, max_bytes=1_100 * SMALL) == sent[:1_100]
    assert leased(desk, limit=5_000, max_bytes=1_100 * SMALL) == sent[1_100:]


@pytest.mark.parametrize("order", ["topics", "oldest"])
@pytest.mark.parametrize("limit", [511, 512, 513, 1_024, 1_025])
def test_small_messages_fill_the_limit(desk: Desk, limit: int, order: str) -> None:
    sent = desk.send_many(["x"] * 1_100)

    assert leased(desk, limit=limit, order=order) == sent[:limit]


def test_a_caller_who_says_nothing_gets_eight_mebibytes(desk: Desk) -> None:
    for _ in range(10):
        desk.send(body=b"\0" * MIB)

    assert len(leased(desk)) == LEASE_BYTES / MIB == 8
    assert len(leased(desk)) == 2


def test_what_expired_is_taken_back_by_bytes_too(desk: Desk) -> None:
    """Each dequeue of anybody takes back, and records, as much as one transaction may rewrite."""
    sent = [desk.send(body=b"\0" * (3 * MIB)) for _ in range(5)]
    while desk.lease(limit=9, visibility_ms=1)[0]:
        pass
    desk.clock.advance(1)

    desk.lease("other")
    assert [desk.state(one) for one in sent] == ["ready"] * 3 + ["processing"] * 2
    assert [len(desk.store.attempts(one)) for one in sent] == [1, 1, 1, 0, 0]
    desk.lease("other")
    assert [desk.row(one).status for one in sent] == [State.READY] * 5
    assert [len(desk.store.attempts(one)) for one in sent] == [1] * 5


def test_what_is_due_is_promoted_by_bytes_too(desk: Desk) -> None:
    """Of all topics together."""
    mail = [desk.send("mail", b"\0" * (3 * MIB), delay=1 + n) for n in range(4)]
    printed = [desk.send("print", b"\0" * (3 * MIB), delay=1) for _ in range(2)]
    desk.clock.advance(60)

    assert leased(desk, "mail", "print", limit=1) == mail[:1]
    assert [desk.state(one) for one in mail] == ["processing", "ready", "ready", "delayed"]
    assert [desk.state(one) for one in printed] == ["delayed"] * 2
