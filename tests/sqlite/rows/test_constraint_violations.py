"""Rows that another program stored beside the table's rules: seen, named by their columns, and mended."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core import Inspector, Queue
from smq_core.store import administration
from smq_core.store.sqlite.foreign_rows.constraint_violations import (
    flawed_messages,
    flawed_policies,
    flawed_topics,
)
from smq_core.testing import EPOCH_MS, ManualClock

if TYPE_CHECKING:
    from collections.abc import Sequence

BESIDE = {
    "status = 'odd'": "status",
    "status = CAST(x'ff' AS TEXT)": "status",
    "kind = 'odd'": "kind",
    "priority = 101": "priority",
    "priority = -9223372036854775808": "priority",
    "attempts = -1": "attempts",
    "attempts = 9223372036854775807": "attempts",
    "deliveries = -1": "deliveries",
    "deliveries = 9223372036854775807": "deliveries",
    "crashes = -1": "crashes",
    "crashes = 9223372036854775807": "crashes",
    "max_attempts = 0": "max_attempts",
    "is_suspect = 2": "is_suspect",
    "locked_until = 5": "locked_until",
    "status = 'processing'": "locked_until, receipt",
    "status = 'processing', locked_until = 5": "receipt",
    "status = 'done', receipt = 5": "receipt",
    "status = 'deleted', receipt = 5": "receipt",
}
LOOSE = {
    "created_at = 'soon'": "created_at",
    "available_at = 1.5": "available_at",
    "worker = x'ff'": "worker",
    "headers = x'ff'": "headers",
    "dedup_key = x'ff'": "dedup_key",
    "last_error = x'ff'": "last_error",
    "error_kind = x'ff'": "error_kind",
    "finished_at = 'never'": "finished_at",
    "operation = 'x'": "operation",
    "output = x'ff'": "output",
    "payload = NULL": "payload",
    "receipt = 'x'": "receipt",
}


NOT_LEASED = {"worker", "receipt", "error_kind", "finished_at", "operation", "output"}
"""Columns that a lease writes itself, or does not carry."""


class Foreign:
    """Another program, which minds no rules, and never has the database open while smq has."""

    def __init__(self, location: str) -> None:
        self.location = location

    def run(self, sql: str) -> Sequence[tuple[object, ...]]:
        """Run a statement with the rules off: the table's checks, and the triggers where they refuse it."""
        with closing(apsw.Connection(self.location)) as db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            try:
                return db.execute(sql).fetchall()
            except apsw.ConstraintError:
                db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
                return db.execute(sql).fetchall()

    def flaws(self) -> list[tuple[int, str]]:
        """Return what is seen of flawed messages."""
        with closing(apsw.Connection(self.location)) as db:
            return [(flaw.id, flaw.columns) for flaw in flawed_messages(db)]

    def topics(self) -> list[str]:
        """Return what is seen of topics with counters beyond counting."""
        with closing(apsw.Connection(self.location)) as db:
            return flawed_topics(db)

    def policies(self) -> list[str]:
        """Return what is seen of flawed policies."""
        with closing(apsw.Connection(self.location)) as db:
            return flawed_policies(db)


@pytest.fixture
def foreign(location: str) -> Foreign:
    """Give another program, beside a queue with two messages that are as they should be."""
    with Queue(location, clock=ManualClock()) as queue:
        queue.enqueue("mail", "good")
        queue.enqueue("mail", "odd")
    return Foreign(location)


def errors(location: str) -> list[str]:
    """Return what the doctor calls an error."""
    return [one.sentence for one in administration(location).examine(EPOCH_MS) if one.severity == "error"]


@pytest.mark.parametrize(("change", "columns"), BESIDE.items())
def test_a_value_beside_the_checks_is_named(foreign: Foreign, change: str, columns: str) -> None:
    foreign.run(f"UPDATE smq_messages SET {change} WHERE id = 2")  # noqa: S608 - a test's words

    assert foreign.flaws() == [(2, columns)]


@pytest.mark.parametrize(("change", "columns"), LOOSE.items())
def test_a_value_of_another_type_is_named_and_mended(
    foreign: Foreign, location: str, change: str, columns: str
) -> None:
    foreign.run(f"UPDATE smq_messages SET {change} WHERE id = 2")  # noqa: S608 - a test's words
    assert foreign.flaws() == [(2, columns)]

    with Queue(location, clock=ManualClock()) as queue, Inspector(location) as inspector:
        assert {one.id for one in inspector.browse()} == {1, 2}
        delivered = [lease.message.id for lease in queue.dequeue("mail", limit=9)]
        assert delivered == ([1, 2] if columns in NOT_LEASED else [1])
    administration(location).repair(EPOCH_MS)
    with Inspector(location) as inspector:
        odd = inspector.get(2)
        assert (odd.state == "dead", bool(odd.last_error)) == ((delivered == [1],) * 2)
    assert errors(location) == []


@pytest.mark.parametrize("change", BESIDE)
def test_the_next_consumer_gets_past_it(foreign: Foreign, location: str, change: str) -> None:
    """It is mended where it stands in the way, at the latest by a repair."""
    foreign.run(f"UPDATE smq_messages SET {change} WHERE id = 2")  # noqa: S608 - a test's words

    with Queue(location, clock=ManualClock()) as queue:
        first = queue.dequeue("mail", limit=9)
        assert "good" in [lease.message.payload for lease in first]
        queue.ack_many(first)
    administration(location).repair(EPOCH_MS)
    with Queue(location, clock=ManualClock()) as queue:
        queue.ack_many(queue.dequeue("mail", limit=9))
        assert queue.size("mail") == 0
    assert errors(location) == []


@pytest.mark.parametrize(
    ("verb", "states"),
    [
        ("ack", {"done"}),
        ("requeue", {"delayed", "ready", "dead"}),
        ("bury", {"dead"}),
        ("release", {"ready"}),
        ("extend", {"processing"}),
    ],
)
@pytest.mark.parametrize("change", ["priority = 300", "kind = 'odd'", "crashes = -5", "max_attempts = 0"])
def test_a_holder_ends_a_lease_whose_row_was_changed_under_him(
    foreign: Foreign, location: str, verb: str, states: set[str], change: str
) -> None:
    with Queue(location, clock=ManualClock()) as queue, Inspector(location) as inspector:
        inspector.set_policy("mail", keep=60.0)
        lease = queue.dequeue("mail")[0]
    foreign.run(f"UPDATE smq_messages SET {change} WHERE id = 1")  # noqa: S608 - a test's words

    with Queue(location, clock=ManualClock()) as queue, Inspector(location) as inspector:
        getattr(queue, verb)(lease)
        assert inspector.get(1).state in states


@pytest.mark.parametrize("action", ["requeue", "delete", "bury", "move", "edit"])
@pytest.mark.parametrize(("change", "columns"), LOOSE.items())
def test_an_operator_changes_what_stands_beside_the_rules(
    foreign: Foreign, location: str, action: str, change: str, columns: str
) -> None:
    foreign.run(f"UPDATE smq_messages SET status = 'dead', {change} WHERE id = 2")  # noqa: S608 - a test's words
    assert foreign.flaws() == [(2, columns)]

    with Inspector(location, clock=ManualClock()) as inspector:
        match action:
            case "move":
                outcome = inspector.move([2], "post")
            case "edit":
                outcome = inspector.edit(2, priority=3)
            case _:
                outcome = getattr(inspector, action)([2], force=True)
        assert outcome.done + outcome.missed_count == 1
        assert [one.id for one in inspector.browse() if one.id == 1] == [1]
        assert {one.operation for one in inspector.activity()} == ({outcome.operation} - {None})


@pytest.mark.parametrize("counter", ["entered", "gone", "dead", "done", "deleted", "delayed"])
@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_a_repair_counts_anew_what_cannot_be_counted_on(
    foreign: Foreign, location: str, counter: str, value: int
) -> None:
    foreign.run(f"UPDATE smq_topics SET {counter} = {value}")  # noqa: S608 - a test's words
    assert foreign.topics() == ["mail"]

    administration(location).repair(EPOCH_MS)
    assert foreign.topics() == []
    with Queue(location, clock=ManualClock()) as queue, Inspector(location) as inspector:
        queue.enqueue("mail", "third")
        queue.ack(queue.dequeue("mail")[0])
        assert (inspector.topic("mail").ready, queue.size("mail")) == (2, 2)


@pytest.mark.parametrize("is_inside", [False, True])
def test_a_message_enters_a_topic_whose_counter_is_used_up(
    foreign: Foreign, location: str, *, is_inside: bool
) -> None:
    foreign.run("UPDATE smq_topics SET entered = 9223372036854775807")

    with Queue(location, clock=ManualClock()) as queue:
        if is_inside:
            with queue.transaction() as transaction:
                transaction.enqueue("mail", "third")
        else:
            queue.enqueue("mail", "third")
        assert queue.size("mail") == 3


def test_a_message_leaves_a_topic_whose_counter_is_used_up(foreign: Foreign, location: str) -> None:
    with Queue(location, clock=ManualClock()) as queue:
        lease = queue.dequeue("mail")[0]
    foreign.run("UPDATE smq_topics SET gone = 9223372036854775807")

    with Queue(location, clock=ManualClock()) as queue:
        queue.ack(lease)
        assert queue.size("mail") == 1


@pytest.mark.parametrize("change", ["max_attempts = -1", "visibility_ms = -1", "keep_ms = -1"])
def test_a_policy_beside_the_rules_is_unset_by_a_repair(foreign: Foreign, location: str, change: str) -> None:
    foreign.run(
        "INSERT INTO smq_policies(topic, max_attempts, visibility_ms, keep_ms) VALUES ('mail', 5, 6, 7)"
    )
    foreign.run(f"UPDATE smq_policies SET {change}")  # noqa: S608 - a test's words
    assert foreign.policies() == ["mail"]

    administration(location).repair(EPOCH_MS)
    assert foreign.policies() == []
    ((*kept,),) = foreign.run("SELECT max_attempts, visibility_ms, keep_ms FROM smq_policies")
    assert sum(one is None for one in kept) == 1


@pytest.mark.parametrize("length_ms", [2**63 - 1, 10**12, -(2**63), -1])
@pytest.mark.parametrize("limit", [1, 2])
def test_a_lease_of_a_topic_with_an_absurd_timeout_is_no_longer_than_any_may_be(
    foreign: Foreign, location: str, length_ms: int, limit: int
) -> None:
    foreign.run(f"INSERT INTO smq_policies(topic, visibility_ms) VALUES ('mail', {length_ms})")  # noqa: S608 - a test's words
    clock = ManualClock()
    now = clock.now_ms() / 1000

    with Queue(location, clock=clock) as queue:
        lease = queue.dequeue("mail", limit=limit)[0]
        assert now < lease.locked_until <= now + 86_400
        assert now < queue.extend(lease).locked_until <= now + 86_400


def test_operations_go_on_after_one_with_the_last_id_there_is(foreign: Foreign, location: str) -> None:
    """It would be the last one for ever: the ids of operations only grow."""
    with Inspector(location, clock=ManualClock()) as inspector:
        first = inspector.bury([1])
    foreign.run("UPDATE smq_operations SET id = 9223372036854775807")
    foreign.run("UPDATE smq_undo SET operation = 9223372036854775807")
    foreign.run("UPDATE smq_messages SET operation = 9223372036854775807 WHERE operation IS NOT NULL")
    foreign.run("UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'smq_operations'")
    foreign.run(
        "INSERT INTO smq_operations(id, at, actor, action) VALUES (9223372036854775806, 5, 'ann', 'odd')"
    )

    with Inspector(location, clock=ManualClock()) as inspector:
        second = inspector.bury([2])
        found = [(one.operation, one.action) for one in inspector.activity()]
    assert (first.operation, second.operation) == (1, 3)
    assert found == [(3, "bury"), (2, "bury"), (1, "odd")]


@pytest.mark.parametrize(
    ("ids", "after"),
    [
        ([2**53, 2**53 + 1], [1, 2, 3]),
        ([2**52 - 1, 2**53 + 1], [2**52 - 1, 2**52, 2**52 + 1]),
        ([2**52, 2**52 + 1, 2**53 + 1], [2**52, 2**52 + 1, 2**52 + 2, 2**52 + 3]),
        ([2**63 - 2, 2**63 - 1], [1, 2, 3]),
        ([-5, 0, 2**60], [-5, 0, 1, 2]),
    ],
)
def test_operations_go_on_whatever_ids_another_program_gave_to_some(
    foreign: Foreign, location: str, ids: list[int], after: list[int]
) -> None:
    """One that was given the highest id of all kept the write lock for ever: it got its own id again."""
    for number in ids:
        foreign.run(f"INSERT INTO smq_operations(id, at, actor, action) VALUES ({number}, 5, 'ann', 'odd')")  # noqa: S608 - numbers

    with Inspector(location, clock=ManualClock()) as inspector:
        third = inspector.bury([1])
        assert [one.operation for one in inspector.activity()] == after[::-1]
        assert inspector.undo(third.operation).done == 1


@pytest.mark.parametrize("name", ["CAST(x'ff' AS TEXT)", "'a=b'", "' '"])
@pytest.mark.parametrize("has_row", [True, False])
def test_counters_beyond_counting_are_mended_beside_a_topic_that_nobody_can_ask_for(
    foreign: Foreign, location: str, name: str, *, has_row: bool
) -> None:
    """To count the topics again inserted a row for the other one too, which its own rule refuses."""
    if has_row:
        foreign.run(f"INSERT INTO smq_topics(topic) VALUES ({name})")  # noqa: S608 - a test's words
    foreign.run(f"UPDATE smq_messages SET topic = {name} WHERE id = 2")  # noqa: S608 - a test's words
    foreign.run("UPDATE smq_topics SET entered = 9223372036854775807 WHERE topic = 'mail'")

    with Queue(location, clock=ManualClock()) as queue:
        queue.enqueue("mail", "more")
        assert queue.size("mail") == 2
    administration(location).repair(EPOCH_MS)
    assert errors(location) == []
    with Inspector(location) as inspector:
        assert sum(stats.ready for stats in inspector.topics()) == 3
