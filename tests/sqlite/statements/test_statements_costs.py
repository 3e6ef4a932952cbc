"""Conditions that change no answer, only its cost: each shows in a plan, in steps or in rows written."""

from __future__ import annotations

import re
from itertools import count

import apsw
import pytest

from smq_core.store.sqlite.queries import query
from tests.sqlite.statements.statements import LEASED, NOW, READY, Table

WALKS = {
    "topic_counts": {
        "SEARCH r USING COVERING INDEX smq_ready (topic=?)",
        "SEARCH h USING COVERING INDEX smq_ready (topic=?)",
        "SEARCH l USING COVERING INDEX smq_ready (topic=? AND priority<?)",
        "SEARCH m USING INDEX smq_ready (topic=? AND priority=?)",
        "SEARCH m USING INDEX smq_due (topic=?)",
    },
    "prune_due": {
        "SEARCH m USING COVERING INDEX smq_finished (topic=? AND status=? AND finished_at<?)",
        "SEARCH m USING COVERING INDEX smq_finished (topic=? AND status=? AND finished_at=?)",
    },
}


STEPS = {"prune_due": 12, "prune_done": 4, "prune_trash": 4, "date_finished": 6}
"""The steps of SQLite's machine that each topic costs at most in which nothing is finished."""
IDLE_TOPICS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
    INSERT INTO smq_topics(topic) SELECT 'topic ' || i FROM n
"""


@pytest.fixture
def table() -> Table:
    """Give the table."""
    return Table()


def plan(table: Table, name: str) -> list[str]:
    table.db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    sql = query(name)
    rows = table.db.execute(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(re.findall(r":(\w+)", sql)))
    return [str(row[3]) for row in rows]


def steps(table: Table, name: str) -> int:
    """Count the steps of a statement that finds nothing to do."""
    counted = count()
    table.db.set_progress_handler(lambda: next(counted) < 0, 1)
    table.answer(name, now=0, before=0, keep=1_000, limit=9)
    table.db.set_progress_handler(None)
    return next(counted)


@pytest.mark.parametrize("name", sorted(WALKS))
def test_a_statement_walks_the_index_of_what_it_counts(table: Table, name: str) -> None:
    assert {line for line in plan(table, name) if "INDEX smq_" in line} == WALKS[name]


@pytest.mark.parametrize("name", ["reclaim", "record_expired"])
def test_leases_are_taken_back_in_the_order_of_their_index(table: Table, name: str) -> None:
    lines = plan(table, name)

    assert [line for line in lines if line.startswith(("MULTI-INDEX", "USE TEMP"))] == []


@pytest.mark.parametrize("name", sorted(STEPS))
def test_a_topic_in_which_nothing_is_finished_costs_no_look_for_it(table: Table, name: str) -> None:
    before = steps(table, name)
    table.db.execute(IDLE_TOPICS)

    assert (steps(table, name) - before) / 100 <= STEPS[name]


def test_a_lease_writes_its_message_alone(table: Table) -> None:
    before = table.db.total_changes()
    table.answer("lease_one", id=READY, locked_until=NOW, receipt=1)

    assert table.db.total_changes() - before == 1


def test_topics_of_which_nothing_is_new_are_not_written(table: Table) -> None:
    table.db.execute("INSERT INTO smq_topics(topic, entered, gone, empty_since) VALUES ('void', 1, 1, 1)")
    table.answer("mark_empty", now=NOW, limit=9)

    assert table.db.changes() == 0


def test_a_plain_insert_writes_its_message_and_its_counter(table: Table) -> None:
    before = table.db.total_changes()
    table.db.execute(
        "INSERT INTO smq_messages(topic, payload, created_at, available_at) VALUES ('new', 'x', ?, ?)",
        (NOW, NOW),
    )

    # the message, its counter, and the rest of the message
    assert table.db.total_changes() - before == 3


def test_a_plain_insert_looks_at_no_other_message(table: Table) -> None:
    adding = "INSERT INTO smq_messages(topic, payload) VALUES ('new', 'x')"
    table.db.execute(adding)
    before = steps_of(table, adding)
    for _ in range(300):
        table.db.execute(adding)

    assert steps_of(table, adding) <= before + 20


def test_a_message_of_our_own_makes_no_room_for_what_only_a_plain_insert_needs(table: Table) -> None:
    """SQLite clears the memory of a trigger's every register before it asks whether the trigger has work."""
    added = {
        "topic": "new",
        "kind": "text",
        "status": "ready",
        "priority": 0,
        "now": NOW,
        "available_at": NOW,
    }
    message = {**added, "max_attempts": None, "headers": None, "payload": "x"}
    table.db.execute(query("insert_message"), message)
    apsw.status(apsw.SQLITE_STATUS_MALLOC_SIZE, reset=True)
    table.db.execute(query("insert_message"), message)
    _, largest = apsw.status(apsw.SQLITE_STATUS_MALLOC_SIZE)

    assert largest < 4096


def steps_of(table: Table, sql: str) -> int:
    """Return how many steps of SQLite's machine a statement takes, its triggers' among them."""
    taken = 0

    def count() -> bool:
        nonlocal taken
        taken += 1
        return False

    table.db.set_progress_handler(count, 1)
    table.db.execute(sql)
    table.db.set_progress_handler(None)
    return taken


def test_the_first_delivery_of_a_message_has_no_history_that_its_ack_would_look_for(table: Table) -> None:
    table.db.execute(
        "INSERT INTO smq_attempts(message_id, attempt, failed_at, outcome, error) VALUES (?, 1, 1, 'x', 'x')",
        (LEASED,),
    )
    table.answer("ack_one", id=LEASED, receipt=55)

    assert table.db.execute("SELECT count(*) FROM smq_attempts").get == 1
