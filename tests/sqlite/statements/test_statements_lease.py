"""Each statement of a dequeue, run alone, minds its own topic and the right states, times and pauses."""

# ruff: noqa: S608 - statements of our own, with numbers
from __future__ import annotations

import pytest

from tests.sqlite.statements.statements import (
    ABSURD,
    DEAD,
    DUE,
    EXPIRED,
    HORIZON,
    LATER,
    LEASED,
    NOW,
    POST,
    READY,
    RECLAIMED,
    URGENT,
    Table,
)

OVER = [EXPIRED, ABSURD, EXPIRED + POST, ABSURD + POST]
LEASE: dict[str, object] = {"locked_until": NOW + 9, "receipt": 70, "worker": "w9"}
FOREVER = NOW + HORIZON


@pytest.fixture
def table() -> Table:
    """Give the table."""
    return Table()


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("promote", {"topic": "mail", "now": NOW, "limit": 9, "bytes": 99}, {DUE}),
        (
            "reclaim",
            {"now": NOW, "horizon": HORIZON, "limit": 9, "bytes": 99, "default_max_attempts": 5},
            set(OVER),
        ),
        (
            "reclaim",
            {"now": 0, "horizon": HORIZON, "limit": 9, "bytes": 99, "default_max_attempts": 5},
            {ABSURD, ABSURD + POST},
        ),
        ("lease_one", {**LEASE, "id": READY}, {READY}),
        ("lease_one", {**LEASE, "id": LATER}, set()),
        ("lease_many", {**LEASE, "ids": [READY, LATER]}, {READY}),
        ("bury_unleasable", {"id": READY, "now": NOW, "error": "x"}, {READY}),
        ("bury_unleasable", {"id": LATER, "now": NOW, "error": "x"}, set()),
    ],
)
def test_a_dequeue_writes_what_it_may(
    table: Table, name: str, values: dict[str, object], expected: set[int]
) -> None:
    assert table.touched(name, **values) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("lease_page", {"topic": "mail", "now": NOW, "limit": 9}, [URGENT, READY, RECLAIMED]),
        ("lease_page", {"topic": "post", "now": NOW, "limit": 9}, []),
        ("lease_page", {"topic": "post", "now": NOW + 1_000, "limit": 1}, [URGENT + POST]),
        ("next_priority", {"topic": "mail", "below": 101}, [5]),
        ("next_priority", {"topic": "mail", "below": 5}, [0]),
        ("next_priority", {"topic": "mail", "below": 0}, [None]),
        ("oldest_of_priority", {"topic": "mail", "priority": 0, "now": NOW, "limit": 9}, [READY, RECLAIMED]),
        ("oldest_of_priority", {"topic": "post", "priority": 0, "now": NOW, "limit": 9}, []),
        ("lease_rows", {"topic": "mail", "ids": [READY, LATER, READY + POST]}, [READY]),
        ("texts_of_ready", {"ids": [READY, LATER]}, [READY]),
        ("dead_messages", {"ids": [DEAD, READY]}, [DEAD]),
    ],
)
def test_a_dequeue_reads_what_it_may_lease(
    table: Table, name: str, values: dict[str, object], expected: list[int]
) -> None:
    assert table.ids(name, **values) == expected


@pytest.mark.parametrize(
    ("topic", "now", "horizon", "expected"),
    [
        ("mail", NOW, HORIZON, (1, 1, 0, 1, 5)),
        ("post", NOW, HORIZON, (1, 1, 1, 1, 6)),
        ("other", NOW, HORIZON, (0, 0, 0, 1, None)),
        ("mail", 0, HORIZON, (1, 0, 1, 1, 5)),
        ("mail", 0, FOREVER, (1, 0, 1, 0, 5)),
        ("mail", NOW - 1, FOREVER, (1, 1, 0, 1, 5)),
    ],
)
def test_a_look_sees_what_there_is_to_do(
    table: Table, topic: str, now: int, horizon: int, expected: tuple[int | None, ...]
) -> None:
    assert table.answer("look", topic=topic, now=now, horizon=horizon) == [expected]


def test_a_look_sees_neither_what_is_kept_nor_what_is_leased(table: Table) -> None:
    table.db.execute("DELETE FROM smq_messages WHERE status IN ('ready', 'delayed')")

    assert table.answer("look", topic="mail", now=NOW, horizon=HORIZON) == [(0, 0, 0, 1, 5)]


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("mail", (NOW - 7, None, NOW - 1)),
        ("post", (None, NOW + 1_000, NOW - 1)),
        ("other", (None, None, NOW - 1)),
    ],
)
def test_the_next_timer_is_a_topics_own(table: Table, topic: str, expected: tuple[int | None, ...]) -> None:
    assert table.answer("next_due", topic=topic, now=NOW) == [expected]


def test_each_expired_lease_is_recorded_and_no_other(table: Table) -> None:
    table.answer("record_expired", now=NOW, horizon=HORIZON, limit=9, bytes=99, error="expired")

    assert {row[0] for row in table.db.execute("SELECT message_id FROM smq_attempts")} == set(OVER)


@pytest.mark.parametrize(("now", "horizon"), [(NOW, FOREVER), (0, HORIZON)])
def test_an_expired_and_an_absurd_lease_are_recorded_each(table: Table, now: int, horizon: int) -> None:
    table.answer("record_expired", now=now, horizon=horizon, limit=9, bytes=99, error="expired")

    assert len(table.db.execute("SELECT message_id FROM smq_attempts").fetchall()) == len(OVER) / 2


def test_a_reclaimed_message_is_dead_by_its_own_topics_policy(table: Table) -> None:
    """One attempt exhausts a message of one topic, and none of the other."""
    table.answer("reclaim", now=NOW, horizon=HORIZON, limit=9, bytes=99, default_max_attempts=5)

    found = table.db.execute(
        "SELECT status, finished_at FROM smq_messages WHERE id IN (?, ?)", (EXPIRED, EXPIRED + POST)
    )
    assert found.fetchall() == [("dead", NOW), ("ready", None)]


def test_a_reclaim_tells_which_messages_are_dead(table: Table) -> None:
    found = table.answer("reclaim", now=NOW, horizon=HORIZON, limit=9, bytes=99, default_max_attempts=5)

    dead = {one for (one,) in found if one is not None}
    status = table.db.execute("SELECT id FROM smq_messages WHERE status = 'dead' AND finished_at = ?", (NOW,))
    assert dead == {row[0] for row in status}
    assert EXPIRED in dead


def test_an_expired_and_an_absurd_lease_are_reclaimed_each(table: Table) -> None:
    bounds = {"limit": 9, "bytes": 99, "default_max_attempts": 5}

    assert table.touched("reclaim", now=NOW, horizon=FOREVER, **bounds) == {EXPIRED, EXPIRED + POST}
    assert table.touched("reclaim", now=0, horizon=HORIZON, **bounds) == {ABSURD, ABSURD + POST}


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 1), (2, 2), (3, 3), (99, 4)])
def test_expired_leases_are_recorded_and_taken_back_by_bytes(table: Table, limit: int, count: int) -> None:
    """Each message has one byte; the first that passes the limit is left for the next dequeue."""
    bounds: dict[str, object] = {"now": NOW, "horizon": HORIZON, "limit": 9, "bytes": limit}
    table.answer("record_expired", **bounds, error="expired")

    recorded = [row[0] for row in table.db.execute("SELECT message_id FROM smq_attempts")]
    assert len(recorded) == count
    assert table.touched("reclaim", **bounds, default_max_attempts=5) == set(recorded)


@pytest.mark.parametrize(("limit", "expected"), [(0, []), (1, [DUE]), (2, [DUE, LATER])])
def test_due_messages_are_promoted_by_bytes(table: Table, limit: int, expected: list[int]) -> None:
    bounds: dict[str, object] = {"topic": "mail", "now": NOW + 9, "limit": 9, "bytes": limit}

    assert table.touched("promote", **bounds) == set(expected)


def test_a_payload_is_read_of_its_own_message(table: Table) -> None:
    table.db.execute(f"UPDATE smq_messages SET payload = 'y' WHERE id = {URGENT}")

    assert table.answer("lease_payload", id=URGENT) == [("y",)]


NEXT: dict[str, object] = {
    "topic": "mail",
    "now": NOW,
    "horizon": FOREVER,
    "default_visibility_ms": 60,
    "longest_ms": 99,
}


@pytest.mark.parametrize(
    ("change", "values", "expected"),
    [
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {URGENT}, {LATER}, {DEAD})", {}, [URGENT]),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {DUE})", {}, []),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {DUE + POST})", {}, [READY]),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {EXPIRED + POST})", {}, []),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {LEASED})", {}, [READY]),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {ABSURD})", {}, [READY]),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {ABSURD})", {"horizon": HORIZON}, []),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {READY + POST})", {"topic": "post"}, []),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({READY}, {URGENT + POST})", {}, [READY]),
        (f"DELETE FROM smq_messages WHERE id NOT IN ({LATER}, {LEASED}, {DEAD}, {READY + POST})", {}, []),
    ],
)
def test_the_next_message_is_answered_where_its_lease_is_all_there_is_to_do(
    table: Table, change: str, values: dict[str, object], expected: list[int]
) -> None:
    table.db.execute(change)

    assert table.ids("lease_next", **{**NEXT, **values}) == expected


@pytest.mark.parametrize(("topic", "ends_after"), [("post", 6), ("new", 60)])
def test_the_next_lease_lasts_as_long_as_its_topic_says(table: Table, topic: str, ends_after: int) -> None:
    table.db.execute("DELETE FROM smq_pauses; DELETE FROM smq_messages WHERE status <> 'ready'")
    table.db.execute("UPDATE smq_messages SET topic = 'new' WHERE topic = 'mail'")

    ((*_, locked_until),) = table.answer("lease_next", **{**NEXT, "topic": topic})
    assert locked_until == NOW + ends_after
