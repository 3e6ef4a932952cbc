"""Statements about what another program stored beside the rules: each touches what is flawed, and no more."""

from __future__ import annotations

import pytest

from tests.sqlite.statements.statements import DEAD, DUE, LATER, LEASED, NOW, POST, READY, URGENT, Table

MEND = {"now": NOW, "status": "dead", "is_held": 0, "is_buried": 1, "error": "odd"}
WORKER = (
    "INSERT INTO smq_workers(id, host, pid, version, state, started_at, heartbeat_at)"
    " VALUES ('{}', 'host', 1, '1', 'running', 1, 1)"
)


@pytest.fixture
def table() -> Table:
    """Give the table, whose rules are off."""
    made = Table()
    made.db.execute("PRAGMA ignore_check_constraints = ON")
    return made


def test_only_flawed_messages_are_found(table: Table) -> None:
    assert table.ids("flawed_messages") == []

    table.db.execute(f"UPDATE smq_messages SET priority = 300 WHERE id IN ({READY}, {LEASED + POST})")  # noqa: S608 - ours
    found = [(row[0], row[2], row[3]) for row in table.answer("flawed_messages")]
    assert found == [(READY, 0, "priority"), (LEASED + POST, 1, "priority")]


def test_only_the_named_message_is_mended(table: Table) -> None:
    assert table.touched("mend_message", id=READY, **MEND) == {READY}


def test_a_mended_message_keeps_what_was_as_it_should_be(table: Table) -> None:
    table.db.execute(f"UPDATE smq_messages SET crashes = -1 WHERE id = {LEASED}")  # noqa: S608 - ours
    table.answer(
        "mend_message", **MEND | {"id": LEASED, "status": "processing", "is_held": 1, "is_buried": 0}
    )

    columns = "status, locked_until, receipt, worker, attempts, deliveries, crashes, last_error"
    kept = table.db.execute(f"SELECT {columns} FROM smq_messages WHERE id = {LEASED}").get  # noqa: S608 - ours
    assert kept == ("processing", NOW + 60_000, 55, "w1", 1, 1, 0, None)


@pytest.mark.parametrize("counter", ["entered", "gone", "delayed", "dead", "done", "deleted"])
def test_only_topics_with_absurd_counters_are_found_and_emptied(table: Table, counter: str) -> None:
    assert table.ids("flawed_topics") == []
    assert table.touched("zero_topics", "smq_topics") == set()

    table.db.execute(f"UPDATE smq_topics SET {counter} = {1 << 60} WHERE topic = 'mail'")  # noqa: S608 - ours
    assert table.ids("flawed_topics") == ["mail"]
    assert table.touched("zero_topics", "smq_topics") == {"mail"}
    assert "mail" in table.touched("recount_topics", "smq_topics")


def test_topics_are_recounted_by_their_own_messages(table: Table) -> None:
    counters = "SELECT topic, entered, gone, delayed, dead, done, deleted FROM smq_topics ORDER BY topic"
    table.db.execute("DELETE FROM smq_messages WHERE id IN (101, 107)")
    before = list(table.db.execute(counters))
    table.db.execute("UPDATE smq_topics SET entered = 9, delayed = 9, dead = 9, done = 9, deleted = 9")

    table.answer("recount_topics")

    assert list(table.db.execute(counters)) == before
    assert before[0][1:] != before[1][1:]


@pytest.mark.parametrize("change", ["max_attempts = 0", "visibility_ms = 0", "keep_ms = -1"])
def test_only_flawed_policies_are_found(table: Table, change: str) -> None:
    assert table.ids("flawed_policies") == []

    table.db.execute(f"UPDATE smq_policies SET {change} WHERE topic = 'post'")  # noqa: S608 - ours
    assert table.ids("flawed_policies") == ["post"]
    assert table.touched("mend_policies", "smq_policies") == {"post"}


@pytest.mark.parametrize("name", ["rename_topic", "rename_topic_keyless"])
def test_only_the_messages_of_a_topic_are_put_under_another_name(table: Table, name: str) -> None:
    mail = {READY, URGENT, DUE, LATER, LEASED, DEAD}

    assert table.touched(name, to="new", raw=b"mail") >= mail
    assert all(int(str(one)) < POST for one in table.touched(name, to="new", raw=b"mail"))
    assert table.touched(name, to="new", raw=b"mai") == set()


def test_a_key_that_is_taken_there_is_given_up(table: Table) -> None:
    table.db.execute(f"UPDATE smq_messages SET dedup_key = 'k' WHERE id IN ({READY}, {READY + POST})")  # noqa: S608 - ours

    assert READY not in table.touched("rename_topic", to="post", raw="mail")
    assert READY in table.touched("rename_topic_keyless", to="post", raw="mail")


@pytest.mark.parametrize(
    ("name", "where"),
    [("forget_topic", "smq_topics"), ("forget_pause", "smq_pauses"), ("forget_policy", "smq_policies")],
)
def test_only_what_stands_under_a_name_is_forgotten(table: Table, name: str, where: str) -> None:
    assert table.touched(name, where, raw=b"mail") == {"mail"}
    assert table.touched(name, where, raw="post") == {"post"}
    assert table.touched(name, where, raw=b"pos") == set()


def test_only_the_named_daemon_is_forgotten(table: Table) -> None:
    table.db.execute("DELETE FROM smq_workers")
    for name in ("one", "two"):
        table.db.execute(WORKER.format(name))

    assert table.touched("forget_worker", "smq_workers", raw=b"one") == {"one"}


def test_operations_are_renumbered_only_where_the_last_id_is_absurd(table: Table) -> None:
    table.db.execute("INSERT INTO smq_operations(id, at, actor, action) VALUES (4, 1, 'ann', 'bury')")
    assert table.answer("operations_used_up") == []
    assert table.answer("absurd_operations") == []
    assert table.answer("last_sensible_operation") == [(4,)]
    assert table.touched("restart_operations", "sqlite_sequence") == set()

    absurd = "INSERT INTO smq_operations(id, at, actor, action) VALUES (?, 1, 'ann', 'bury')"
    table.db.execute(absurd, (1 << 60,))
    table.db.execute(f"UPDATE sqlite_sequence SET seq = {1 << 60} WHERE name = 'smq_messages'")  # noqa: S608 - ours
    assert table.answer("operations_used_up") == [(1,)]
    assert table.answer("absurd_operations") == [(1 << 60,)]
    assert table.answer("last_sensible_operation") == [(4,)]
    table.db.execute(absurd, (1 << 52,))
    table.db.execute(absurd, ((1 << 52) + 1,))
    assert table.answer("absurd_operations") == [((1 << 52) + 1,), (1 << 60,)]
    assert table.answer("last_sensible_operation") == [(1 << 52,)]
    table.db.execute("DELETE FROM smq_operations WHERE id BETWEEN ? AND ?", (1 << 52, (1 << 52) + 1))
    assert table.touched("renumber_operation", "smq_operations", **{"from": 4, "to": 9}) == {4, 9}
    table.db.execute(f"DELETE FROM smq_operations WHERE id = {1 << 60}")  # noqa: S608 - ours
    assert table.touched("restart_operations", "sqlite_sequence") == {"smq_operations"}
    assert table.answer("last_sensible_operation") == [(4,)]
    table.db.execute("DELETE FROM smq_operations")
    assert table.answer("last_sensible_operation") == [(0,)]
    table.db.execute("DELETE FROM sqlite_sequence WHERE name = 'smq_operations'")
    assert table.answer("operations_used_up") == [], "the ids of messages are not those of operations"


def test_what_an_undo_needs_goes_with_its_operation(table: Table) -> None:
    for operation in (4, 5):
        table.answer("save_before", operation=operation, with_payload=0, ids=[DEAD])

    assert table.touched("renumber_undo", "smq_undo", **{"from": 4, "to": 9}) == {(4, DEAD), (9, DEAD)}
