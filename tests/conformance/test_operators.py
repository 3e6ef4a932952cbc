"""Operators' actions: the states each takes, what force does, what is answered, what is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from smq_core.errors import InvalidMessage, MessageNotFound
from smq_core.states import State
from smq_core.store.records import Edit, Hold, Selection

if TYPE_CHECKING:
    from tests.conformance.desk import Desk

TAKES = {
    "requeue": {State.DEAD, State.DONE, State.DELAYED},
    "delete": {State.READY, State.DELAYED, State.DEAD, State.DONE},
    "bury": {State.READY, State.DELAYED, State.DONE},
    "move": {State.READY, State.DELAYED, State.DEAD, State.DONE},
}
LEAVES = {"requeue": "ready", "delete": "deleted", "bury": "dead"}


@pytest.mark.parametrize("verb", sorted(TAKES))
@pytest.mark.parametrize("state", list(State))
def test_an_action_takes_its_states_and_reports_the_others_unchanged(
    desk: Desk, verb: str, state: State
) -> None:
    target = desk.prepared()[state]
    before = desk.row(target)
    outcome = desk.act(verb, target, to="print")

    if state in TAKES[verb]:
        assert (outcome.done, outcome.done_ids, outcome.missed) == (1, (target,), ())
        assert desk.state(target) == LEAVES.get(verb, state.value)
    else:
        assert (outcome.done, outcome.operation, [one.id for one in outcome.missed]) == (0, None, [target])
        assert desk.row(target) == before


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury"])
def test_force_takes_a_live_lease_away_from_its_holder(desk: Desk, verb: str) -> None:
    sent = desk.send()
    hold = desk.take_one()

    assert desk.act(verb, sent).done == 0
    assert desk.act(verb, sent, force=True).done == 1
    assert desk.state(sent) == LEAVES[verb]
    assert desk.ack(hold) == [hold]


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury"])
def test_an_expired_lease_needs_no_force(desk: Desk, verb: str) -> None:
    sent = desk.send()
    desk.take()
    desk.clock.advance(60)

    assert desk.act(verb, sent).done == 1


def test_what_is_processing_is_never_moved(desk: Desk) -> None:
    sent = desk.send()
    desk.take()
    desk.clock.advance(60)

    assert desk.act("move", sent, to="print", force=True).done == 0


def test_a_requeued_message_has_all_its_attempts_before_it_and_keeps_its_history(desk: Desk) -> None:
    sent = desk.send(delay=0)
    desk.requeue(desk.take_one())
    desk.bury(desk.take_one())
    desk.act("requeue", sent)

    row = desk.row(sent)
    assert (row.attempts, row.deliveries, row.crashes, row.finished_at) == (0, 2, 0, None)
    assert len(desk.store.attempts(sent)) == 2


def test_a_message_that_left_the_state_it_was_seen_in_is_left_alone(desk: Desk) -> None:
    dead, ready = desk.send(), desk.send()
    desk.bury(desk.take_one())
    outcome = desk.act("delete", targets={dead: State.DEAD, ready: State.DEAD, 99: None})

    assert (outcome.done_ids, [one.id for one in outcome.missed]) == ((dead,), [ready, 99])
    assert "ready" in outcome.missed[0].why
    assert "gone" in outcome.missed[1].why


def test_a_held_key_keeps_a_dead_letter_from_coming_back(desk: Desk) -> None:
    dead = desk.send(key="k")
    desk.bury(desk.take_one())
    holder = desk.send(key="k")
    outcome = desk.act("requeue", dead)

    assert (outcome.done, outcome.missed[0].id, desk.state(dead), desk.state(holder)) == (
        0,
        dead,
        "dead",
        "ready",
    )
    assert "key" in outcome.missed[0].why


def test_a_held_key_keeps_a_message_from_moving(desk: Desk) -> None:
    moved = desk.send("mail", key="k")
    desk.send("print", key="k")
    outcome = desk.act("move", moved, to="print")

    assert (outcome.done, desk.row(moved).topic) == (0, "mail")


def test_two_dead_letters_of_one_key_do_not_both_come_back(desk: Desk) -> None:
    dead = []
    for _ in range(2):
        dead.append(desk.send(key="k"))
        desk.bury(desk.take_one())
    outcome = desk.act("requeue", *dead)

    assert sorted(desk.state(one) for one in dead) == ["dead", "ready"]
    assert (outcome.done, outcome.missed_count) == (1, 1)


def test_a_moved_message_keeps_its_id_state_and_priority(desk: Desk) -> None:
    sent = desk.send(priority=3, delay=60)
    desk.act("move", sent, to="print")

    row = desk.row(sent)
    assert (row.topic, row.status, row.priority) == ("print", State.DELAYED, 3)


def test_a_message_that_is_there_already_is_not_moved(desk: Desk) -> None:
    assert desk.act("move", desk.send(), to="mail").done == 0


def test_a_selection_is_done_in_chunks_under_one_operation(desk: Desk) -> None:
    desk.send_many(["x"] * 1_201)
    told: list[int] = []
    outcome = desk.act("delete", targets=Selection(topic="mail"), progress=lambda done: not told.append(done))

    assert (outcome.done, told, desk.stats().deleted) == (1_201, [500, 1_000, 1_201], 1_201)
    assert [(entry.count, entry.action) for entry in desk.store.activity(limit=9, before=None)] == [
        (1_201, "delete")
    ]


def test_progress_stops_the_rest(desk: Desk) -> None:
    desk.send_many(["x"] * 1_201)

    assert desk.act("delete", targets=Selection(topic="mail"), progress=lambda _: False).done == 500
    assert desk.stats().ready == 701


def test_a_frozen_selection_touches_nothing_that_came_later(desk: Desk) -> None:
    sent = desk.send()
    frozen = Selection(topic="mail", max_id=desk.store.highest_id())
    later = desk.send()
    desk.act("delete", targets=frozen)

    assert (desk.state(sent), desk.state(later)) == ("deleted", "ready")


def test_an_action_that_changed_nothing_leaves_no_operation(desk: Desk) -> None:
    assert desk.act("delete", 99).operation is None
    assert desk.store.activity(limit=9, before=None) == []


def test_what_an_operator_did_is_told_newest_first(desk: Desk) -> None:
    first, second = desk.send(), desk.send()
    desk.act("bury", first)
    desk.clock.advance(1)
    desk.act("move", second, to="print")

    entries = desk.store.activity(limit=9, before=None)
    assert [(entry.action, entry.actor, entry.topic, entry.count) for entry in entries] == [
        ("move", "operator", "mail", 1),
        ("bury", "operator", "mail", 1),
    ]
    assert [entry.at for entry in entries] == [desk.now_ms / 1000, desk.now_ms / 1000 - 1]
    assert [entry.action for entry in desk.store.activity(limit=9, before=entries[0].operation)] == ["bury"]


def edit(desk: Desk, message_id: int, seen: State | None = None, **changes: object) -> tuple[int, str]:
    """Edit a message; answer how many were done and why it was missed."""
    change = msgspec.structs.replace(Edit(), **changes)
    outcome = desk.store.edit(message_id, change, actor="operator", now_ms=desk.now_ms, seen=seen)
    return outcome.done, outcome.missed[0].why if outcome.missed else ""


@pytest.mark.parametrize("state", list(State))
def test_an_edit_takes_what_is_neither_processing_nor_in_the_trash(desk: Desk, state: State) -> None:
    target = desk.prepared()[state]
    done, why = edit(desk, target, body="new", kind="text", priority=9, headers=None, key="k", max_attempts=4)

    assert (done == 1) == (state not in {State.PROCESSING, State.DELETED}) == (why == "")
    row = desk.row(target)
    assert (row.body, row.priority, row.key, row.max_attempts) == (
        ("new", 9, "k", 4) if done else ("hello", 0, None, None)
    )
    assert row.status == state


def test_an_edit_leaves_alone_what_it_does_not_name(desk: Desk) -> None:
    sent = desk.send(priority=5, key="k", headers='{"a":"b"}')
    edit(desk, sent, body="new")

    row = desk.row(sent)
    assert (row.body, row.priority, row.key, row.headers) == ("new", 5, "k", '{"a":"b"}')


def test_an_edit_of_a_held_key_is_refused(desk: Desk) -> None:
    desk.send(key="k")
    other = desk.send()

    done, why = edit(desk, other, key="k")
    assert (done, desk.row(other).key) == (0, None)
    assert "key" in why
    assert desk.store.activity(limit=9, before=None) == []


def test_an_edit_of_a_message_that_moved_on_is_refused(desk: Desk) -> None:
    sent = desk.send()

    assert edit(desk, sent, seen=State.DEAD, priority=1)[0] == 0


def test_an_edit_takes_the_receipt_away(desk: Desk) -> None:
    sent = desk.send()
    hold = desk.take_one()
    desk.clock.advance(60)
    desk.take("print")
    edit(desk, sent, priority=1)

    assert desk.ack(hold) == [hold]


def test_only_a_delayed_message_has_a_time_to_change(desk: Desk) -> None:
    delayed = desk.send(delay=60)
    edit(desk, delayed, available_at=desk.now_ms + 5)
    assert desk.row(delayed).available_at == desk.now_ms + 5

    with pytest.raises(InvalidMessage, match="delayed"):
        edit(desk, desk.send(), available_at=desk.now_ms + 5)


def test_a_message_that_is_gone_cannot_be_edited(desk: Desk) -> None:
    with pytest.raises(MessageNotFound):
        edit(desk, 99, priority=1)


@pytest.mark.parametrize("state", [state for state in State if state is not State.PROCESSING])
def test_a_purge_removes_a_topic_s_state_for_good(desk: Desk, state: State) -> None:
    made = desk.prepared()
    other = desk.prepared("print")
    outcome = desk.store.purge("mail", state, actor="operator", now_ms=desk.now_ms)

    assert outcome.done == 1
    assert [one for one, target in made.items() if desk.state(target) == "gone"] == [state]
    assert desk.state(other[state]) == state


def test_what_is_processing_cannot_be_purged(desk: Desk) -> None:
    with pytest.raises(InvalidMessage):
        desk.store.purge("mail", State.PROCESSING, actor="operator", now_ms=desk.now_ms)


def test_a_purge_goes_in_chunks_and_stops_when_it_is_told(desk: Desk) -> None:
    desk.send_many(["x"] * 1_201)
    stopped = desk.store.purge(
        "mail", State.READY, actor="operator", now_ms=desk.now_ms, progress=lambda _: False
    )
    rest = desk.store.purge("mail", State.READY, actor="operator", now_ms=desk.now_ms)

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
    desk.store.purge("mail", State.READY, actor="operator", now_ms=desk.now_ms)

    assert desk.ack(hold) == [Hold(sent, hold.receipt)]
