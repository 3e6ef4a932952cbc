"""What is counted of a topic is its own, whoever wrote it: the statement that reads it, and the triggers."""

# ruff: noqa: S608 - statements of our own, with numbers
from __future__ import annotations

import pytest

from tests.sqlite.statements.statements import (
    DEAD,
    DELETED,
    DUE,
    LEASED,
    NOW,
    POST,
    READY,
    RECLAIMED,
    URGENT,
    Table,
)

ATTEMPT = (
    "INSERT INTO smq_attempts(message_id, attempt, failed_at, outcome, error) VALUES (?, 1, 1, 'x', 'x')"
)
PLAIN = "INSERT INTO smq_messages(topic, payload, created_at, available_at) VALUES "


@pytest.fixture
def table() -> Table:
    """Give the table."""
    return Table()


def attempts_of(table: Table, message: int) -> int:
    found = table.db.execute("SELECT count(*) FROM smq_attempts WHERE message_id = ?", (message,)).get
    return int(found)


def test_how_long_the_first_ones_wait_is_told_of_each_topic(table: Table) -> None:
    """By priority, and of each priority; those of the other topic are older, and so is what is not ready."""
    table.db.execute("UPDATE smq_messages SET created_at = 1")
    table.db.execute("UPDATE smq_messages SET available_at = available_at - 1000 WHERE topic = 'post'")
    table.db.execute("UPDATE smq_messages SET available_at = ? WHERE id = ?", (NOW - 50, URGENT))
    table.add("post", (50, "done", 0, NOW - 9_000, None, None, None, 0, 0, 1, None, None, None))
    mail = ("mail", NOW - 50, NOW - 50, NOW - 7, NOW - 1)
    post = ("post", NOW - 1_009, NOW - 1_009, NOW - 1_007, NOW + 1_000)

    def told(topic: str | None) -> list[tuple[object, ...]]:
        return [(row[0], *row[7:10], row[-1]) for row in table.answer("topic_counts", topic=topic)]

    assert (told("mail"), told("post"), told(None)) == ([mail], [post], [mail, post])


def test_nobody_waits_since_before_it_was_sent(table: Table) -> None:
    """Of the first ones, of each priority, and of what is delayed: the sending counts where it came later."""
    table.db.execute("UPDATE smq_messages SET created_at = id, available_at = 0 WHERE topic = 'mail'")
    (row,) = table.answer("topic_counts", topic="mail")

    assert (*row[7:9], row[9]) == (URGENT, READY, DUE)


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE smq_messages SET status = 'dead' WHERE id = {READY}",
        f"UPDATE smq_messages SET status = 'ready' WHERE id = {DUE}",
        f"UPDATE smq_messages SET topic = 'post' WHERE id = {DEAD}",
        f"UPDATE smq_messages SET topic = 'new', status = 'dead' WHERE id = {READY}",
        f"UPDATE smq_messages SET topic = 'post', status = 'delayed' WHERE id = {DEAD}",
        f"DELETE FROM smq_messages WHERE id = {DELETED}",
        f"{PLAIN} ('new', 'x', {NOW}, {NOW + 1})",
        f"{PLAIN} ('mail', 'x', {NOW}, {NOW + 1})",
        f"{PLAIN} ('new', 'x', {NOW}, {NOW})",
    ],
)
def test_whatever_is_written_is_counted_where_it_belongs(table: Table, change: str) -> None:
    table.db.execute(change)

    assert table.ids("doctor_counters") == []


def test_a_change_of_nothing_counts_nothing(table: Table) -> None:
    before = table.db.execute("SELECT * FROM smq_topics").fetchall()
    table.db.execute("UPDATE smq_messages SET topic = topic, status = status")

    assert table.db.execute("SELECT * FROM smq_topics").fetchall() == before


def test_a_delayed_insert_delays_itself_alone(table: Table) -> None:
    states = "SELECT id, status FROM smq_messages ORDER BY id"
    before = table.db.execute(states).fetchall()
    table.db.execute(f"{PLAIN} ('mail', 'x', {NOW}, {NOW + 1})")

    assert table.db.execute(states).fetchall() == [*before, (DELETED + POST + 3, "delayed")]


def test_the_history_of_each_message_has_ten_entries_of_its_own(table: Table) -> None:
    for _ in range(3):
        table.db.execute(ATTEMPT, (LEASED,))
    for _ in range(12):
        table.db.execute(ATTEMPT, (READY,))
    table.db.execute(ATTEMPT, (LEASED,))

    assert (attempts_of(table, LEASED), attempts_of(table, READY)) == (4, 10)


@pytest.mark.parametrize("seen", ["deliveries = 2", "last_error = 'x'"])
def test_a_message_takes_its_own_history_with_it(table: Table, seen: str) -> None:
    table.db.execute(f"UPDATE smq_messages SET {seen} WHERE id = {RECLAIMED}")
    table.db.execute(ATTEMPT, (RECLAIMED,))
    table.db.execute(ATTEMPT, (LEASED,))
    table.db.execute(f"DELETE FROM smq_messages WHERE id = {RECLAIMED}")

    assert (attempts_of(table, RECLAIMED), attempts_of(table, LEASED)) == (0, 1)


def test_taking_an_ancestor_over_minds_its_own_numbers(table: Table) -> None:
    table.db.execute("CREATE TABLE smq_ancestor(id INTEGER PRIMARY KEY AUTOINCREMENT)")
    table.db.execute("INSERT INTO smq_ancestor VALUES (5); UPDATE smq_ancestor SET id = 4")
    table.db.execute("INSERT INTO smq_operations(at, actor, action) VALUES (1, 'ann', 'bury')")

    assert table.ids("ancestor_last_id") == [5]
    assert table.touched("ancestor_forget_sequence", "sqlite_sequence") == {"smq_messages"}


def sums(table: Table) -> None:
    """Have sums of what was not processed, beside samples of the same topics."""
    table.db.execute(
        "INSERT INTO smq_samples(step_ms, at, topic, entered, finished, depth) VALUES"
        " (0, 0, 'mail', 0, 7, 0), (0, 0, 'gone', 0, 8, 0),"
        " (10000, 5, 'mail', 0, 9, 0), (10000, 5, 'gone', 0, 9, 0)"
    )


@pytest.mark.parametrize(
    ("topic", "expected"), [(None, [("gone", 8), ("mail", 7)]), ("mail", [("mail", 7)]), ("post", [])]
)
def test_what_was_not_processed_is_told_from_samples(
    table: Table, topic: str | None, expected: list[tuple[str, int]]
) -> None:
    sums(table)

    assert sorted(table.answer("unprocessed_counts", topic=topic), key=str) == expected


def test_sums_are_forgotten_of_topics_that_are_gone_and_samples_are_not(table: Table) -> None:
    sums(table)

    assert table.touched("forget_unprocessed", "smq_samples") == {(0, 0, "gone")}
