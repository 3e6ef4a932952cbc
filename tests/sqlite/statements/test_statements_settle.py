"""Each statement of a holder, run alone, touches what the lease is good for and nothing else.

The code around them asks before it writes; the statements do not rely on it.
"""

from __future__ import annotations

import pytest

from tests.sqlite.statements.statements import (
    EXPIRED,
    LEASED,
    POST,
    RECLAIMED,
    Table,
)

WRITES: list[tuple[str, dict[str, object], set[int]]] = [
    ("ack_one", {"id": LEASED, "receipt": 55}, {LEASED}),
    ("ack_one", {"id": LEASED, "receipt": 99}, set()),
    ("ack_one", {"id": EXPIRED, "receipt": 55}, set()),
    ("ack_one", {"id": RECLAIMED, "receipt": 60}, {RECLAIMED}),
    ("ack_one", {"id": LEASED + POST, "receipt": 55}, set()),
    ("ack_many", {"ids": [LEASED, EXPIRED, LEASED + POST], "receipt": 55}, {LEASED}),
    ("ack_many", {"ids": [LEASED], "receipt": 99}, set()),
    ("ack_many", {"ids": [EXPIRED], "receipt": 55}, set()),
    ("finish_many", {"ids": [LEASED, LEASED + POST, EXPIRED + POST], "receipt": 55}, {LEASED + POST}),
    ("finish_many", {"ids": [EXPIRED + POST], "receipt": 55}, set()),
    ("requeue_one", {"status": "ready", "available_at": 1, "id": LEASED, "receipt": 55}, {LEASED}),
    ("requeue_one", {"status": "ready", "available_at": 1, "id": LEASED, "receipt": 99}, set()),
    ("requeue_one", {"status": "ready", "available_at": 1, "id": EXPIRED, "receipt": 55}, set()),
    ("requeue_one", {"status": "dead", "available_at": 1, "id": RECLAIMED, "receipt": 60}, set()),
    ("release_many", {"ids": [LEASED, EXPIRED], "receipt": 55}, {LEASED}),
    ("release_many", {"ids": [EXPIRED], "receipt": 55}, set()),
    ("release_many", {"ids": [RECLAIMED], "receipt": 60}, set()),
    ("extend_many", {"ids": [LEASED, EXPIRED], "receipt": 55, "locked_until": 1}, {LEASED}),
    ("extend_many", {"ids": [EXPIRED], "receipt": 55, "locked_until": 1}, set()),
    ("extend_many", {"ids": [RECLAIMED], "receipt": 60, "locked_until": 1}, set()),
    ("keep_output", {"output": "x", "id": LEASED, "receipt": 55}, set()),
    ("keep_output", {"output": "x", "id": LEASED + POST, "receipt": 55}, {LEASED + POST}),
    ("keep_output", {"output": "x", "id": LEASED + POST, "receipt": 99}, set()),
    ("keep_output", {"output": "x", "id": EXPIRED + POST, "receipt": 55}, set()),
]
RECOVERY: dict[str, object] = {"status": "ready", "attempts": 0, "crashes": 0, "is_suspect": 0}
RECOVERIES = [
    ({"id": LEASED, "receipt": 55, "worker": "w1"}, {LEASED}),
    ({"id": LEASED, "receipt": 99, "worker": "w1"}, set()),
    ({"id": LEASED, "receipt": 55, "worker": "w2"}, set()),
    ({"id": EXPIRED, "receipt": 55, "worker": "w1"}, set()),
    ({"id": RECLAIMED, "receipt": 60, "worker": "w1"}, set()),
]
READS: list[tuple[str, dict[str, object], int]] = [
    ("held", {"ids": [LEASED, EXPIRED], "receipt": 55}, 1),
    ("held", {"ids": [EXPIRED], "receipt": 55}, 0),
    ("held", {"ids": [RECLAIMED], "receipt": 60}, 1),
    ("read_attempt", {"id": LEASED, "receipt": 55}, 1),
    ("read_attempt", {"id": LEASED, "receipt": 99}, 0),
    ("read_attempt", {"id": EXPIRED, "receipt": 55}, 0),
    ("read_attempt", {"id": RECLAIMED, "receipt": 60}, 0),
    ("held_processing", {"ids": [LEASED, EXPIRED], "receipt": 55}, 1),
    ("held_processing", {"ids": [EXPIRED], "receipt": 55}, 0),
    ("held_processing", {"ids": [RECLAIMED], "receipt": 60}, 0),
]


@pytest.mark.parametrize(("name", "values", "expected"), WRITES)
def test_a_holder_writes_what_its_receipt_is_good_for(
    name: str, values: dict[str, object], expected: set[int]
) -> None:
    assert Table().touched(name, **values) == expected


@pytest.mark.parametrize(("values", "expected"), RECOVERIES)
def test_what_a_dead_worker_does_not_hold_is_not_recovered(
    values: dict[str, object], expected: set[int]
) -> None:
    assert Table().touched("recover_one", **RECOVERY, **values) == expected


@pytest.mark.parametrize(("name", "values", "rows"), READS)
def test_a_holder_reads_what_its_receipt_is_good_for(name: str, values: dict[str, object], rows: int) -> None:
    assert len(Table().answer(name, **values)) == rows


def test_a_workers_leases_are_those_of_all_topics(table: Table) -> None:
    assert table.ids("held_by", worker="w1") == [LEASED, LEASED + POST]


def test_the_policies_of_other_topics_are_none_of_a_messages_business(table: Table) -> None:
    ((*_, max_attempts, _backoff),) = table.answer("read_attempt", id=LEASED + POST, receipt=55)

    assert (max_attempts, table.answer("held_processing", ids=[LEASED], receipt=55)) == (9, [(LEASED, 5)])


@pytest.fixture
def table() -> Table:
    """Give the table."""
    return Table()
