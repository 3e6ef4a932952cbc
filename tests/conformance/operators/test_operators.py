"""Operators' actions: the states each takes, what force does, what is answered, what is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.states import State
from smq_core.store.records import Selection
from smq_core.testing import select

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
def test_force_against_named_workers_takes_what_these_hold_alone(desk: Desk, verb: str) -> None:
    sent = desk.send_many(["x"] * 3)
    for holder in ("lost", "other", None):
        desk.take(worker=holder, limit=1)

    outcome = desk.act(verb, *sent, force=frozenset({"lost"}))

    assert (outcome.done_ids, [one.id for one in outcome.missed]) == ((sent[0],), sent[1:])
    assert [desk.state(one) for one in sent] == [LEAVES[verb], "processing", "processing"]
    assert desk.act(verb, *sent, force=frozenset()).done == 0


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
    assert "no longer exists" in outcome.missed[1].why


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

    def progress(done: int) -> bool:
        told.append(done)
        return True

    outcome = desk.act("delete", targets=Selection(topic="mail"), progress=progress)

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


def test_the_activity_keeps_what_a_bulk_action_was_aimed_at(desk: Desk) -> None:
    """B18: 99 were requeued by `*`, and nobody could learn which."""
    for error in ("SmtpError: 550", "OSError"):
        desk.send()
        desk.bury(desk.take_one(), error=error)
    sent = desk.send_many(["x"] * 7)
    where = {"error": "SmtpError: 5", "min_age_ms": 0}
    desk.act("requeue", targets=select("mail", "dead", where=where))
    desk.purge("mail", State.DEAD)
    desk.act("move", *sent[:2], to="print")
    desk.act("bury", *sent[2:3])
    desk.act("bury", 1, *sent[1:])

    details = [entry.detail for entry in desk.store.activity(limit=9, before=None)]
    assert details == [
        f"messages 1, {', '.join(map(str, sent[1:5]))}, … {sent[6]}",
        f"message {sent[2]}",
        f"to print: messages {sent[0]}, {sent[1]}",
        "all state:dead",
        'all state:dead error~"SmtpError: 5" age>0s',
    ]
