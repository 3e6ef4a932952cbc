"""Each statement that finds topics with work, run alone, sees the right states, times and pauses."""

# ruff: noqa: S608 - statements of our own, with numbers
from __future__ import annotations

import pytest

from tests.sqlite.statements.statements import ABSURD, DUE, EXPIRED, HORIZON, LATER, LEASED, NOW, READY, Table

KEPT = "status NOT IN ('ready', 'delayed')"


@pytest.fixture
def table() -> Table:
    """Give the table, with a third topic that holds nothing to be taken."""
    made = Table()
    made.add("idle", (50, "dead", 0, NOW, None, None, None, 1, 1, NOW, None, None, None))
    return made


@pytest.mark.parametrize(
    ("after", "now", "limit", "expected"),
    [
        ("", NOW, 9, ["mail"]),
        ("", NOW + 1_000, 9, ["mail", "post"]),
        ("", NOW + 1_000, 1, ["mail"]),
        ("mail", NOW + 1_000, 9, ["post"]),
        ("post", NOW + 1_000, 9, []),
    ],
)
def test_topics_are_found_that_have_ready_messages(
    table: Table, after: str, now: int, limit: int, expected: list[str]
) -> None:
    assert table.ids("ready_topics", after=after, now=now, limit=limit) == expected


def test_a_topic_that_has_everything_but_ready_messages_is_not_found(table: Table) -> None:
    table.db.execute("DELETE FROM smq_messages WHERE status = 'ready' AND topic = 'mail'")

    assert table.ids("ready_topics", after="", now=NOW + 1_000, limit=9) == ["post"]
    table.db.execute("DELETE FROM smq_messages WHERE status = 'ready'")
    assert table.ids("ready_topics", after="", now=NOW + 1_000, limit=9) == []


def test_a_pause_is_its_own_topics(table: Table) -> None:
    """Of topics beside one that is paused, each is found, and the walk goes on behind the paused one."""
    for topic in ("a", "z"):
        table.add(topic, (200 + ord(topic), "ready", 0, NOW, None, None, None, 0, 0, None, None, None, None))
        delayed = (400 + ord(topic), "delayed", 0, NOW + 3, None, None, None, 0, 0, None, None, None, None)
        table.add(topic, delayed)

    assert table.ids("ready_topics", after="", now=NOW, limit=9) == ["a", "mail", "z"]
    assert table.ids("delayed_topics", now=NOW) == ["a", "mail", "z"]


@pytest.mark.parametrize(
    ("topic", "now", "expected"),
    [("mail", NOW, 1), ("post", NOW, 0), ("post", NOW + 1_000, 1), ("idle", NOW, 0), ("void", NOW, 0)],
)
def test_one_topic_is_asked_for_ready_messages(table: Table, topic: str, now: int, expected: int) -> None:
    assert table.answer("has_ready", topic=topic, now=now) == [(expected,)]


def test_a_topic_without_ready_messages_has_none(table: Table) -> None:
    table.db.execute("DELETE FROM smq_messages WHERE topic = 'mail' AND status = 'ready'")

    assert table.answer("has_ready", topic="mail", now=NOW) == [(0,)]


@pytest.mark.parametrize(
    ("gone", "now", "expected"),
    [
        ("false", NOW, [("mail", NOW - 7)]),
        ("false", NOW + 1_000, [("mail", NOW - 7), ("post", NOW - 7)]),
        (f"id = {DUE}", NOW + 1_000, [("mail", NOW + 7), ("post", NOW - 7)]),
        (f"id IN ({DUE}, {LATER})", NOW + 1_000, [("post", NOW - 7)]),
        ("status = 'delayed'", NOW + 1_000, []),
        ("topic = 'post' AND status = 'delayed'", NOW + 1_000, [("mail", NOW - 7)]),
    ],
)
def test_topics_are_found_that_have_delayed_messages(
    table: Table, gone: str, now: int, expected: list[tuple[str, int]]
) -> None:
    table.db.execute(f"DELETE FROM smq_messages WHERE {gone}")

    assert table.answer("delayed_topics", now=now) == expected


def test_topics_are_found_that_have_leases(table: Table) -> None:
    assert set(table.ids("leased_topics")) == {"mail", "post"}
    table.db.execute("DELETE FROM smq_messages WHERE topic = 'post' AND status = 'processing'")
    assert table.ids("leased_topics") == ["mail"]


def test_the_next_lease_and_the_next_pause_end(table: Table) -> None:
    assert table.answer("next_end", now=NOW) == [(NOW - 1, NOW + 1_000)]
    table.db.execute("DELETE FROM smq_messages WHERE status = 'processing'")
    assert table.answer("next_end", now=NOW + 1_000) == [(None, None)]


@pytest.mark.parametrize(
    ("left", "horizon", "expected"),
    [
        ((READY, LEASED), HORIZON, 0),
        ((READY, LEASED, EXPIRED), HORIZON, 1),
        ((READY, LEASED, ABSURD), HORIZON, 1),
        ((READY, LEASED, ABSURD), HORIZON + 1, 0),
        ((READY,), HORIZON, 0),
    ],
)
def test_a_lease_that_is_over_or_absurd_is_seen(
    table: Table, left: tuple[int, ...], horizon: int, expected: int
) -> None:
    ids = ", ".join(map(str, left))
    table.db.execute(f"DELETE FROM smq_messages WHERE id NOT IN ({ids})")

    assert table.answer("has_expired", now=NOW, horizon=horizon) == [(expected,)]
