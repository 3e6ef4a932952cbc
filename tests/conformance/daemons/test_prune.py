"""What is removed when its time is over, and what never is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.states import State
from smq_core.testing import EPOCH_MS, make_message

if TYPE_CHECKING:
    from smq_core.store.base import Store

DAY_MS = 86_400_000


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
