"""Rows that other programs wrote in a form that cannot be read or counted: each stands in nobody's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.errors import StoreCorrupt

if TYPE_CHECKING:
    from smq_core.store.base import Store
    from tests.conformance.desk import Desk

BROKEN = [
    "payload = CAST(x'22ff22' AS TEXT)",
    "headers = CAST(x'7b2261223a22ff227d' AS TEXT)",
    "dedup_key = CAST(x'ff' AS TEXT)",
    "last_error = CAST(x'eda080' AS TEXT)",
    "attempts = 9223372036854775807",
    "deliveries = 9223372036854775807",
]


def break_row(store: Store, message_id: int, change: str) -> None:
    """Change a row as a program with another SQLite could."""
    with store.transaction():
        store.execute(f"UPDATE smq_messages SET {change} WHERE id = {message_id}")  # noqa: S608 - a test's words


@pytest.mark.parametrize("order", ["topics", "oldest"])
@pytest.mark.parametrize("change", BROKEN)
def test_a_message_that_no_lease_can_carry_is_buried_and_its_topic_goes_on(
    desk: Desk, store: Store, change: str, order: str
) -> None:
    bad, good = desk.send(), desk.send()
    break_row(store, bad, change)

    assert [hold.id for hold in desk.take("mail", order=order)] == [good]
    assert (desk.state(bad), desk.stats().dead) == ("dead", 1)


@pytest.mark.parametrize("limit", [1, 5])
@pytest.mark.parametrize("order", ["topics", "oldest"])
def test_one_that_becomes_due_stands_in_nobodys_way(desk: Desk, store: Store, order: str, limit: int) -> None:
    bad, good = desk.send(delay=5), desk.send(delay=5)
    break_row(store, bad, BROKEN[0])
    desk.clock.advance(10)

    assert [hold.id for hold in desk.take("mail", order=order, limit=limit)] == [good]
    assert desk.state(bad) == "dead"


@pytest.mark.parametrize("limit", [1, 5])
@pytest.mark.parametrize("order", ["topics", "oldest"])
def test_one_whose_lease_expires_stands_in_nobodys_way(
    desk: Desk, store: Store, order: str, limit: int
) -> None:
    bad, good = desk.send(), desk.send()
    assert len(desk.take("mail", limit=2)) == 2
    break_row(store, bad, BROKEN[0])
    desk.clock.advance(100_000)

    assert [hold.id for hold in desk.take("mail", order=order, limit=limit)] == [good]
    assert desk.state(bad) == "dead"


def test_a_thousand_of_them_in_front_do_not_stop_a_topic(desk: Desk, store: Store) -> None:
    desk.send_many(["x"] * 1_000)
    with store.transaction():
        store.execute("UPDATE smq_messages SET payload = CAST(x'ff' AS TEXT)")
    good = desk.send()

    assert [hold.id for hold in desk.take("mail")] == [good]
    assert desk.stats().dead == 1_000


def test_acks_that_came_with_the_lease_are_done_once(desk: Desk, store: Store) -> None:
    first = desk.send()
    held = desk.take_one("mail")
    bad, good = desk.send(), desk.send()
    break_row(store, bad, BROKEN[0])

    rows, lost = desk.lease("mail", ack=[held])
    assert ([row.id for row in rows], lost, desk.state(first)) == ([good], [], "gone")


def test_it_is_inside_a_transaction_as_outside(desk: Desk, store: Store) -> None:
    bad, good = desk.send(), desk.send()
    break_row(store, bad, BROKEN[0])

    with store.transaction():
        assert [hold.id for hold in desk.take("mail")] == [good]
    assert desk.state(bad) == "dead"


def test_the_reason_says_what_is_wrong_and_where(desk: Desk, store: Store) -> None:
    bad = desk.send()
    break_row(store, bad, BROKEN[0])

    assert desk.take("mail") == []
    assert desk.row(bad).last_error == "its payload is not UTF-8: invalid start byte at byte 1"


@pytest.mark.parametrize("change", BROKEN[:4])
def test_lists_show_the_bytes_that_are_no_text(desk: Desk, store: Store, change: str) -> None:
    bad = desk.send(headers='{"a": "b"}')
    break_row(store, bad, change)
    column = change.partition(" ")[0].replace("dedup_key", "key").replace("payload", "body")

    for row in (desk.row(bad), desk.page()[0], store.rows([bad], 100)[0]):
        assert "\\x" in getattr(row, column)
        assert (row.id, row.topic, row.status, row.kind) == (bad, "mail", "ready", "text")


def test_bytes_in_such_a_list_stay_bytes(desk: Desk, store: Store) -> None:
    desk.send(body=b"\xff", kind="bytes", key="k")
    bad = desk.send()
    break_row(store, bad, BROKEN[0])

    assert [(row.body, row.key) for row in desk.page()] == [(b"\xff", "k"), ('"\\xff"', None)]


def test_a_preview_of_no_bytes_is_bytes(desk: Desk) -> None:
    desk.send(body=b"", kind="bytes")

    assert desk.page(preview_bytes=10)[0].body == b""


def test_other_places_show_the_bytes_that_are_no_text(desk: Desk, store: Store) -> None:
    bad = desk.send()
    break_row(store, bad, "status = 'dead', finished_at = 1, error_kind = CAST(x'ff' AS TEXT)")

    assert store.error_kinds(None, limit=10) == [("mail", "\\xff", 1, 1, 1)]


def test_topics_that_nobody_can_ask_for_are_passed_by(desk: Desk, store: Store) -> None:
    """Whoever takes the messages of all topics comes to those behind them, and to the end."""
    with store.transaction():
        store.execute("INSERT INTO smq_counted(id) VALUES (1)")
        for name in ("x'ff'", "x'61ff'", "x'61ff62'", "x'7aff'"):
            for status in ("ready", "delayed"):
                store.execute(
                    "INSERT INTO smq_messages(topic, payload, kind, status, available_at) "  # noqa: S608 - a test's words
                    f"VALUES (CAST({name} AS TEXT), 'x', 'text', '{status}', {desk.now_ms + 5})"
                )
        store.execute("DELETE FROM smq_counted")
    for topic in ("a", "b", "z", "é"):
        desk.send(topic)
        desk.send(topic, delay=5)

    found: list[str] = []
    while page := store.ready_topics(desk.now_ms, after=found[-1] if found else "", limit=1):
        found += page
    assert found == ["a", "b", "z", "é"]
    assert [topic for topic, _ in store.delays(desk.now_ms)] == found
    assert store.leased_topics() == []


def test_a_callers_own_statement_says_what_cannot_be_read(desk: Desk, store: Store) -> None:
    """What it means that a byte was replaced, only the caller can say."""
    break_row(store, desk.send(), BROKEN[0])

    with pytest.raises(StoreCorrupt, match="not UTF-8"):
        store.execute("SELECT payload FROM smq_messages")
