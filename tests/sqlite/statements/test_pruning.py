"""Pruning costs what there is to prune: it takes no lock for nothing, and forgets no undo too early."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Pruned, UsageError
from smq_core.store import open_store
from smq_core.store.sqlite.queue.prune import ACTIVITY_KEPT
from smq_core.testing import EPOCH_MS, ManualClock
from tests.conformance.desk import Desk
from tests.sqlite_session import database_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from smq_core import Queue

DAY_S = 24 * 3600
MANY_OPERATIONS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO smq_operations(at, actor, action) SELECT ?, 'ann', 'purge' FROM n
"""


def test_an_operator_prunes_all_that_is_past_its_time(
    queue: Queue, inspector: Inspector, clock: ManualClock
) -> None:
    sent = queue.enqueue_many("mail", ["x"] * 1_200)
    inspector.delete(sent)
    queue.enqueue("kept", "alive")
    clock.advance(DAY_S)

    assert inspector.prune() == Pruned(trash=1_200, undo=1_200)
    assert inspector.prune() == Pruned()
    clock.advance(DAY_S)
    assert inspector.prune() == Pruned(topics=1)
    assert [stats.topic for stats in inspector.topics()] == ["kept"]


def test_a_prune_is_stopped_between_two_steps(queue: Queue, inspector: Inspector, clock: ManualClock) -> None:
    inspector.delete(queue.enqueue_many("mail", ["x"] * 1_200))
    clock.advance(DAY_S)
    told: list[int] = []

    def stop(number: int) -> bool:
        told.append(number)
        return False

    removed = inspector.prune(progress=stop)
    assert 0 < removed.trash < 1_200
    assert told == [removed.total]


def test_who_may_only_read_prunes_nothing(queue: Queue) -> None:
    queue.enqueue("mail", "x")
    with Inspector(queue.location, read_only=True) as reader, pytest.raises(UsageError, match="read-only"):
        reader.prune()


@pytest.fixture
def desk(location: str, clock: ManualClock) -> Iterator[Desk]:
    """Give a store with short ways to use it."""
    store = open_store(location, clock=clock)
    yield Desk(store, clock)
    store.close()


def database(desk: Desk) -> apsw.Connection:
    """Return this thread's connection."""
    return database_of(desk.store)


def prune(desk: Desk) -> None:
    """Prune until nothing is left to do."""
    while desk.store.prune(desk.now_ms).total:
        pass


def record(desk: Desk, count: int) -> None:
    """Record operations that no undo is kept of."""
    database(desk).execute(MANY_OPERATIONS, (count, desk.now_ms))


def test_nothing_to_prune_takes_no_write_lock(desk: Desk) -> None:
    desk.set_policy(keep_ms=DAY_S * 1000)
    desk.send()
    desk.ack(desk.take_one("mail"))
    desk.act("delete", desk.send())
    run: list[str] = []

    def trace(_cursor: apsw.Cursor, sql: str, _values: object) -> bool:
        run.append(sql)
        return True

    database(desk).exec_trace = trace
    assert desk.store.prune(desk.now_ms) == Pruned()
    assert run
    assert [sql for sql in run if not sql.startswith("SELECT")] == []


def test_an_operation_that_can_be_undone_outlasts_any_number_of_later_ones(desk: Desk) -> None:
    sent = desk.send()
    deleted = desk.act("delete", sent).operation
    record(desk, ACTIVITY_KEPT + 5)
    prune(desk)

    assert len(desk.store.activity(limit=2 * ACTIVITY_KEPT, before=None)) == ACTIVITY_KEPT + 1
    assert desk.undo(deleted).done_ids == (sent,)


def test_it_goes_with_its_undo(desk: Desk) -> None:
    desk.act("delete", desk.send())
    record(desk, ACTIVITY_KEPT)
    desk.clock.advance(DAY_S)
    prune(desk)

    assert len(desk.store.activity(limit=2 * ACTIVITY_KEPT, before=None)) == ACTIVITY_KEPT
    assert database(desk).execute("SELECT count(*) FROM smq_undo").get == 0


def test_the_undo_of_an_operation_that_is_not_recorded_any_more_is_forgotten(desk: Desk) -> None:
    desk.act("delete", desk.send())
    database(desk).execute("DELETE FROM smq_operations")
    prune(desk)

    assert database(desk).execute("SELECT count(*) FROM smq_undo").get == 0


@pytest.mark.parametrize("state", ["done", "deleted"])
def test_what_was_finished_by_hand_is_kept_from_when_it_was_found(desk: Desk, state: str) -> None:
    desk.set_policy(keep_ms=DAY_S * 1000)
    sent = desk.send()
    database(desk).execute("UPDATE smq_messages SET status = ?", (state,))
    prune(desk)
    assert desk.row(sent).finished_at == EPOCH_MS
    desk.clock.advance(DAY_S - 1)
    prune(desk)
    assert desk.state(sent) == state
    desk.clock.advance(1)
    prune(desk)

    assert desk.state(sent) == "gone"
