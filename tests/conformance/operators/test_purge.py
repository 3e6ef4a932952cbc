"""Purges and drops: what is permanently deleted, and what never is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.errors import InvalidMessage
from smq_core.states import State
from smq_core.store.records import Hold

if TYPE_CHECKING:
    from tests.conformance.desk import Desk


@pytest.mark.parametrize("state", [state for state in State if state is not State.PROCESSING])
def test_a_purge_removes_a_topic_s_state_for_good(desk: Desk, state: State) -> None:
    made = desk.prepared()
    other = desk.prepared("print")
    outcome = desk.purge("mail", state)

    assert outcome.done == 1
    assert [one for one, target in made.items() if desk.state(target) == "gone"] == [state]
    assert desk.state(other[state]) == state


def test_what_is_processing_cannot_be_purged(desk: Desk) -> None:
    with pytest.raises(InvalidMessage):
        desk.purge("mail", State.PROCESSING)


def test_a_purge_goes_in_chunks_and_stops_when_it_is_told(desk: Desk) -> None:
    desk.send_many(["x"] * 1_201)
    stopped = desk.purge("mail", State.READY, progress=lambda _: False)
    rest = desk.purge("mail", State.READY)

    assert (stopped.done, rest.done, desk.stats().ready) == (500, 701, 0)


def test_only_an_empty_topic_is_dropped(desk: Desk) -> None:
    desk.send()
    desk.set_policy(max_attempts=2)
    assert not desk.store.drop("mail", actor="operator", now_ms=desk.now_ms)
    desk.ack(*desk.take())

    assert desk.store.drop("mail", actor="operator", now_ms=desk.now_ms)
    assert desk.store.topics(desk.now_ms) == []
    assert desk.store.policy("mail").max_attempts == 10


def test_a_topic_never_used_cannot_be_dropped(desk: Desk) -> None:
    assert not desk.store.drop("unknown", actor="operator", now_ms=desk.now_ms)


def test_a_stale_hold_of_a_purged_message_is_lost(desk: Desk) -> None:
    sent = desk.send()
    hold = desk.take_one()
    desk.clock.advance(60)
    desk.take("print")
    desk.purge("mail", State.READY)

    assert desk.ack(hold) == [Hold(sent, hold.receipt)]
