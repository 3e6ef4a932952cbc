from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from smq_core.states import State
from smq_core.store.records import Sample, WorkerRow
from smq_core.store.sqlite.admin.tidy import TRUNCATE_BYTES
from smq_core.testing import EPOCH_MS, make_message

if TYPE_CHECKING:
    from smq_core.store.base import Store

DAY_MS = 86_400_000
ROW = WorkerRow(
    id="w", host="h", pid=1, version="1", state="running", started_at=EPOCH_MS, heartbeat_at=EPOCH_MS
)


def test_a_command_is_read_once_at_the_next_heartbeat(store: Store) -> None:
    store.put_worker(ROW)
    store.command_worker("w", "quiet", actor="ann", now_ms=EPOCH_MS)

    assert store.put_worker(ROW) == "quiet"
    assert store.put_worker(ROW) is None


def test_a_command_is_in_the_activity(store: Store) -> None:
    store.put_worker(ROW)
    store.command_worker("w", "stop", actor="ann", now_ms=EPOCH_MS)

    (entry,) = store.activity(limit=10, before=None)
    assert (entry.actor, entry.action, entry.detail) == ("ann", "worker stop", "w")


def test_a_command_for_nobody_is_told(store: Store) -> None:
    assert not store.command_worker("gone", "stop", actor="ann", now_ms=EPOCH_MS)


def test_a_heartbeat_changes_what_changes(store: Store) -> None:
    store.put_worker(ROW)
    later = msgspec.structs.replace(ROW, state="quiet", heartbeat_at=EPOCH_MS + 5, detail='{"threads":1}')
    store.put_worker(later)

    assert store.workers() == [later]


def test_a_removed_row_is_gone(store: Store) -> None:
    store.put_worker(ROW)
    store.remove_worker("w")

    assert store.workers() == []


def test_samples_are_kept_by_step_as_long_as_told(store: Store) -> None:
    for at in (1000, 2000, 3000):
        store.add_samples([Sample(at, "t", at, 0, 0)], 1000, 0)
    store.add_samples([Sample(1000, "t", 9, 0, 0)], 5000, 0)

    store.add_samples([Sample(4000, "t", 4000, 0, 0)], 1000, 2500)

    assert [one.at for one in store.samples(1000, 0)] == [3000, 4000]
    assert [one.entered for one in store.samples(5000, 0)] == [9]


def test_of_two_daemons_the_first_sample_counts(store: Store) -> None:
    store.add_samples([Sample(1000, "t", 1, 0, 0)], 1000, 0)
    store.add_samples([Sample(1000, "t", 2, 0, 0)], 1000, 0)

    assert [one.entered for one in store.samples(1000, 0, "t")] == [1]


def test_finished_messages_are_pruned_when_their_topic_s_time_is_over(store: Store) -> None:
    store.set_policy(
        "kept",
        max_attempts=None,
        visibility_ms=None,
        backoff=None,
        keep_ms=1000,
        actor="ann",
        now_ms=EPOCH_MS,
    )
    done = [make_message(topic, state=State.DONE, finished_at=EPOCH_MS) for topic in ("kept", "mail")]
    store.restore_many(done, None, EPOCH_MS)

    store.prune(EPOCH_MS + 500)
    assert (store.topic("kept", EPOCH_MS).done, store.topic("mail", EPOCH_MS).done) == (1, 0)
    store.prune(EPOCH_MS + 1000)
    assert store.topic("kept", EPOCH_MS).done == 0


def test_the_trash_is_kept_for_a_day(store: Store) -> None:
    one = store.enqueue(make_message(), EPOCH_MS)
    store.act("delete", {one: None}, to=None, force=False, actor="ann", now_ms=EPOCH_MS)

    store.prune(EPOCH_MS + DAY_MS - 1)
    assert store.topic("mail", EPOCH_MS).deleted == 1
    store.prune(EPOCH_MS + DAY_MS)
    assert store.topic("mail", EPOCH_MS).deleted == 0


def test_unfinished_and_dead_messages_are_never_pruned(store: Store) -> None:
    old = [make_message(state=State.DEAD, finished_at=EPOCH_MS), make_message()]
    store.restore_many(old, None, EPOCH_MS)

    store.prune(EPOCH_MS + 1000 * DAY_MS)

    stats = store.topic("mail", EPOCH_MS)
    assert (stats.ready, stats.dead) == (1, 1)


def test_pruning_goes_on_in_short_transactions_until_nothing_is_left(store: Store) -> None:
    store.restore_many([make_message(state=State.DONE, finished_at=EPOCH_MS)] * 7, None, EPOCH_MS)

    assert [store.prune(EPOCH_MS + 1, limit=3).total for _ in range(4)] == [3, 3, 1, 0]


def test_a_topic_that_was_empty_for_a_day_is_forgotten(store: Store) -> None:
    one = store.enqueue(make_message("brief"), EPOCH_MS)
    store.act("delete", {one: None}, to=None, force=False, actor="ann", now_ms=EPOCH_MS)
    for days in (1, 1, 2, 3):
        store.prune(EPOCH_MS + days * DAY_MS)

    assert [stats.topic for stats in store.topics(EPOCH_MS)] == []


def test_a_topic_with_a_policy_is_not_forgotten(store: Store) -> None:
    store.set_policy(
        "mail", max_attempts=3, visibility_ms=None, backoff=None, keep_ms=None, actor="ann", now_ms=EPOCH_MS
    )
    one = store.enqueue(make_message(), EPOCH_MS)
    store.act("delete", {one: None}, to=None, force=False, actor="ann", now_ms=EPOCH_MS)
    for days in (1, 1, 2, 3):
        store.prune(EPOCH_MS + days * DAY_MS)

    assert [stats.topic for stats in store.topics(EPOCH_MS)] == ["mail"]


def test_tidying_cuts_a_long_wal_off(store: Store) -> None:
    for _ in range(6):
        store.enqueue(make_message(body="x" * 4_000_000), EPOCH_MS)
        store.tidy()
    before = Path(f"{store.location}-wal").stat().st_size

    assert before <= TRUNCATE_BYTES
