"""What was processed, and nothing that operators did: B9, “went out” counted what they deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.states import State

if TYPE_CHECKING:
    from tests.conformance.desk import Desk

A_DAY_S = 24 * 3600 + 1


def processed(desk: Desk, *topics: str) -> list[int]:
    """Return how many messages of topics were processed."""
    return [desk.stats(topic).processed for topic in topics or ("mail",)]


def all_pruned(desk: Desk) -> None:
    """Have the janitor go through everything."""
    while desk.store.prune(desk.now_ms).total:
        pass


def test_what_is_acked_is_processed_whether_it_is_removed_or_kept(desk: Desk) -> None:
    desk.set_policy(keep_ms=1_000)
    desk.send_many(["x"] * 2)
    desk.ack(*desk.take(limit=2))
    assert (desk.stats().done, processed(desk)) == (2, [2])

    desk.clock.advance(2)
    all_pruned(desk)
    assert (desk.stats().gone, processed(desk)) == (2, [2])


@pytest.mark.parametrize("state", [state for state in State if state is not State.PROCESSING])
def test_what_is_purged_was_not_processed_but_for_what_was_done(desk: Desk, state: State) -> None:
    desk.prepared()
    desk.prepared("print")
    desk.purge("mail", state)

    assert getattr(desk.stats(), state.value) == 0
    assert processed(desk, "mail", "print") == [1, 1]


@pytest.mark.parametrize("state", [state for state in State if state is not State.DELETED])
def test_what_is_deleted_and_pruned_from_the_trash_was_not_processed(desk: Desk, state: State) -> None:
    made = desk.prepared()
    desk.act("delete", made[state], force=True)
    assert processed(desk) == [1]

    desk.clock.advance(A_DAY_S)
    all_pruned(desk)
    assert desk.stats().deleted == 0
    assert processed(desk) == [1]


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury", "move"])
def test_no_action_of_an_operator_and_no_undo_of_it_counts_as_processed(desk: Desk, verb: str) -> None:
    made = desk.prepared()
    before = processed(desk, "mail", "print")
    outcome = desk.act(verb, *made.values(), to="print", force=True)
    assert outcome.done
    assert processed(desk, "mail", "print") == before == [1, 0]

    desk.undo(outcome.operation)
    assert processed(desk, "mail", "print") == before


def test_what_runs_again_is_processed_again(desk: Desk) -> None:
    desk.set_policy(keep_ms=1_000_000)
    sent = desk.send()
    desk.ack(desk.take_one())
    desk.act("requeue", sent)
    desk.ack(desk.take_one())

    assert processed(desk) == [2]


def test_a_topic_that_was_dropped_and_is_used_again_begins_with_nothing(desk: Desk) -> None:
    desk.send_many(["x"] * 5)
    desk.purge("mail", State.READY)
    desk.store.drop("mail", actor="ann", now_ms=desk.now_ms)
    desk.send()
    desk.ack(desk.take_one())
    assert (desk.stats().unprocessed, processed(desk)) == (0, [1])

    desk.send_many(["x"] * 5)
    desk.purge("mail", State.READY)
    for _ in range(2):
        all_pruned(desk)
        desk.clock.advance(A_DAY_S)
    all_pruned(desk)
    assert desk.store.topics(desk.now_ms) == []
    desk.send()
    desk.ack(desk.take_one())
    assert (desk.stats().unprocessed, processed(desk)) == (0, [1])
