"""Each statement of the janitor, run alone, removes what is old enough and nothing else."""

# ruff: noqa: S608 - statements of our own, with numbers
from __future__ import annotations

import pytest

from tests.sqlite.statements.statements import DEAD, DELETED, DONE, FINISHED, NOW, POST, READY, URGENT, Table

NOTHING_OLD = {"now": 0, "before": 0, "keep": 100, "limit": 9}
ENOUGH = {"limit": 9, "bytes": 1_000}
OPERATIONS = f"""
    INSERT INTO smq_operations(id, at, actor, action) VALUES
      (1, {NOW - 9}, 'ann', 'bury'), (2, {NOW - 8}, 'ann', 'bury'),
      (3, {NOW}, 'ann', 'bury'), (4, {NOW - 9}, 'ann', 'bury');
    INSERT INTO smq_undo(
      operation, message_id, status, status_after, deliveries, topic, kind, priority, available_at, attempts
    )
    SELECT id, 1, 'dead', 'ready', 0, 'mail', 'text', 0, 1, 0
    FROM smq_operations
    WHERE id <> 2;
"""
LATE_IN_MAIL = f"UPDATE smq_messages SET finished_at = {FINISHED + 600} WHERE topic = 'mail'"
TOPICS = f"""
    INSERT INTO smq_topics(topic, entered, gone, empty_since) VALUES
      ('gone', 2, 2, {NOW - 9}), ('fresh', 2, 2, {NOW}), ('set', 2, 2, {NOW - 9}), ('held', 2, 2, {NOW - 9});
    INSERT INTO smq_policies(topic) VALUES ('set');
    INSERT INTO smq_pauses(topic, reason, paused_by, paused_at) VALUES ('held', '', 'ann', 1);
"""


@pytest.fixture
def table() -> Table:
    """Give the table."""
    return Table()


def undated(table: Table) -> None:
    """Have finished messages without a date, as those that were finished by hand."""
    table.db.execute("UPDATE smq_messages SET finished_at = NULL WHERE status IN ('done', 'dead')")


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("prune_done", {"now": FINISHED}, {DONE}),
        ("prune_done", {"now": FINISHED + 999}, {DONE}),
        ("prune_done", {"now": FINISHED + 1_000}, {DONE, DONE + POST}),
        ("prune_done", {"now": FINISHED - 1}, set()),
        ("prune_trash", {"before": FINISHED}, {DELETED, DELETED + POST}),
        ("prune_trash", {"before": FINISHED - 1}, set()),
        ("date_finished", {"now": NOW}, set()),
    ],
)
def test_what_is_old_enough_is_pruned(
    table: Table, name: str, values: dict[str, object], expected: set[int]
) -> None:
    assert table.touched(name, **ENOUGH, **values) == expected


@pytest.mark.parametrize("name", ["prune_done", "prune_trash", "date_finished"])
def test_as_many_are_pruned_as_were_asked_for(table: Table, name: str) -> None:
    undated(table)

    assert len(table.touched(name, now=NOW, before=NOW, limit=1, bytes=1_000)) == (
        0 if name == "prune_done" else 1
    )


@pytest.mark.parametrize("name", ["prune_done", "prune_trash", "date_finished"])
@pytest.mark.parametrize(("size", "expected"), [(1, 1), (10, 1), (11, 2), (1_000, 2)])
def test_as_many_are_pruned_as_there_are_bytes_for_and_at_least_one(
    table: Table, name: str, size: int, expected: int
) -> None:
    table.db.execute("UPDATE smq_messages SET payload = '1234567', headers = '{}3'")
    table.db.execute("UPDATE smq_policies SET keep_ms = 0")
    if name == "date_finished":
        undated(table)

    assert len(table.touched(name, now=NOW, before=NOW, limit=9, bytes=size)) == expected


@pytest.mark.parametrize(
    ("heartbeat", "prunes"), [(NOW - 2, 0), (NOW - 1, 1), (NOW, 1), (NOW + 1, 1), (NOW + 2, 0)]
)
def test_a_daemon_prunes_that_was_heard_of_lately(table: Table, heartbeat: int, prunes: int) -> None:
    table.db.execute(
        "INSERT INTO smq_workers(id, host, pid, version, state, started_at, heartbeat_at, detail) "
        "VALUES ('w', 'h', 1, '1', 'running', 1, ?, '{}')",
        (heartbeat,),
    )

    assert table.answer("daemon_prunes", silent_since=NOW - 2, ahead=NOW + 2) == [(prunes,)]


def test_so_many_empty_topics_are_dropped_as_were_asked_for(table: Table) -> None:
    table.db.execute(TOPICS)

    assert len(table.touched("drop_empty", "smq_topics", before=NOW, limit=1)) == 1


def test_what_was_finished_by_hand_gets_a_date_and_nothing_else_does(table: Table) -> None:
    undated(table)

    assert table.touched("date_finished", now=NOW, **ENOUGH) == {DONE, DONE + POST}


@pytest.mark.parametrize(
    ("change", "values", "is_due"),
    [
        ("", {}, 0),
        ("", {"now": FINISHED}, 1),
        ("", {"now": FINISHED - 1}, 0),
        ("", {"before": FINISHED}, 1),
        ("", {"before": FINISHED - 1}, 0),
        ("DELETE FROM smq_messages WHERE status = 'done'", {"now": NOW}, 0),
        ("DELETE FROM smq_messages WHERE status = 'deleted'", {"before": NOW}, 0),
        ("UPDATE smq_messages SET finished_at = NULL WHERE status = 'done'", {}, 1),
        ("UPDATE smq_messages SET finished_at = NULL WHERE status = 'deleted'", {}, 1),
        ("UPDATE smq_messages SET finished_at = NULL WHERE status = 'dead'", {}, 0),
        ("UPDATE smq_policies SET keep_ms = 1000", {"now": FINISHED + 999}, 0),
        (f"UPDATE smq_messages SET finished_at = {NOW} WHERE status = 'done'", {"now": FINISHED}, 0),
        (f"UPDATE smq_messages SET finished_at = {NOW} WHERE status = 'deleted'", {"before": FINISHED}, 0),
        (LATE_IN_MAIL, {"now": FINISHED + 500}, 0),
        (OPERATIONS, {"before": NOW - 10}, 0),
        (OPERATIONS, {"before": NOW - 9, "now": -1}, 1),
        (OPERATIONS, {"keep": 2}, 1),
        (OPERATIONS, {"keep": 3}, 0),
    ],
)
def test_there_is_something_to_prune_where_a_prune_would_do_something(
    table: Table, change: str, values: dict[str, int], is_due: int
) -> None:
    table.db.execute(change)
    if change is OPERATIONS:
        table.db.execute("DELETE FROM smq_messages")

    assert table.answer("prune_due", **{**NOTHING_OLD, **values}) == [(is_due,)]


@pytest.mark.parametrize(
    ("before", "expected"), [(NOW - 9, {(1, 1)}), (NOW - 10, set()), (NOW, {(1, 1), (3, 1), (4, 1)})]
)
def test_the_undo_of_all_before_the_first_that_is_young_enough_is_forgotten(
    table: Table, before: int, expected: set[object]
) -> None:
    table.db.execute(OPERATIONS)

    assert table.touched("prune_undo", "smq_undo", before=before, limit=9) == expected


def test_so_much_undo_is_forgotten_as_was_asked_for(table: Table) -> None:
    table.db.execute(OPERATIONS)

    assert table.touched("prune_undo", "smq_undo", before=NOW, limit=1) == {(1, 1)}


@pytest.mark.parametrize(("keep", "expected"), [(0, {2}), (2, {2}), (3, set())])
def test_the_activity_keeps_its_last_entries_and_those_that_can_be_undone(
    table: Table, keep: int, expected: set[object]
) -> None:
    table.db.execute(OPERATIONS)

    assert table.touched("prune_activity", "smq_operations", keep=keep, limit=9) == expected


def test_a_topic_is_dropped_that_was_empty_for_long_and_has_nothing_set(table: Table) -> None:
    table.db.execute(TOPICS)
    assert table.touched("drop_empty", "smq_topics", before=NOW - 9, limit=9) == {"gone"}
    table.db.execute("UPDATE smq_topics SET entered = 3, empty_since = 1 WHERE topic IN ('gone', 'fresh')")

    assert table.touched("drop_empty", "smq_topics", before=NOW - 9, limit=9) == set()


@pytest.mark.parametrize(
    ("change", "before", "is_due"),
    [
        ("", NOW - 9, 1),
        ("", NOW - 10, 0),
        ("UPDATE smq_topics SET empty_since = NULL WHERE topic = 'fresh'", 0, 1),
        ("UPDATE smq_topics SET entered = 3 WHERE topic = 'fresh'", 0, 1),
        ("DELETE FROM smq_topics WHERE topic = 'gone'", NOW - 9, 0),
    ],
)
def test_topics_are_stale_where_one_has_to_be_marked_or_dropped(
    table: Table, change: str, before: int, is_due: int
) -> None:
    table.db.execute(TOPICS + change)

    assert table.answer("stale_topics", before=before) == [(is_due,)]


def test_a_topic_that_is_empty_is_marked_once_and_unmarked(table: Table) -> None:
    table.db.execute(TOPICS)
    table.db.execute("UPDATE smq_topics SET entered = 3 WHERE topic = 'gone'")
    table.db.execute("UPDATE smq_topics SET empty_since = NULL WHERE topic = 'fresh'")

    assert table.touched("mark_empty", "smq_topics", now=NOW + 1, limit=9) == {"gone", "fresh"}
    assert len(table.touched("mark_empty", "smq_topics", now=NOW + 1, limit=1)) == 1


def test_what_is_not_finished_has_no_date_to_be_pruned_by(table: Table) -> None:
    table.db.execute("UPDATE smq_messages SET finished_at = 1")

    touched = table.touched("prune_done", now=NOW, **ENOUGH) | table.touched(
        "prune_trash", before=NOW, **ENOUGH
    )
    assert touched == {DONE, DONE + POST, DELETED, DELETED + POST}
    assert {READY, URGENT, DEAD} & touched == set()
