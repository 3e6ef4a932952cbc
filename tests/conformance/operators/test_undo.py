"""Undo: everything comes back as it was, message by message, where nobody touched it since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.errors import SmqError
from smq_core.states import State
from smq_core.store.records import Edit, Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.message import Outcome
    from smq_core.store.records import MessageRow
    from tests.conformance.desk import Desk


def lasting(row: MessageRow) -> tuple[object, ...]:
    """Return what an undo brings back; a forced lease comes back ready."""
    processing = row.status == State.PROCESSING
    return tuple(row._replace(status=State.READY, locked_until=None, worker=None) if processing else row)


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury", "move"])
def test_an_action_is_taken_back(desk: Desk, verb: str) -> None:
    made = desk.prepared()
    before = {one: lasting(desk.row(one)) for one in made.values()}
    done = desk.act(verb, *made.values(), to="print", force=True)
    outcome = desk.undo(done.operation)

    assert (outcome.done, outcome.missed_count) == (done.done, 0)
    changed = set(done.done_ids)
    assert {one: tuple(desk.row(one)) for one in changed} == {one: before[one] for one in changed}


def test_an_undone_requeue_gives_no_lease_back_and_says_so(desk: Desk) -> None:
    held, dead = desk.send_many(["x"] * 2)
    desk.take(limit=1)
    desk.act("bury", dead)
    done = desk.act("requeue", held, dead, force=True)
    outcome = desk.undo(done.operation)

    assert (outcome.done, outcome.left_ready) == (2, 1)
    assert (desk.state(held), desk.state(dead)) == ("ready", "dead")


@pytest.mark.parametrize("verb", ["delete", "bury", "move"])
def test_only_of_a_requeue_is_anything_left_as_it_was(desk: Desk, verb: str) -> None:
    made = desk.prepared()

    assert desk.undo(desk.act(verb, *made.values(), to="print", force=True).operation).left_ready == 0


def test_an_edit_is_taken_back(desk: Desk) -> None:
    sent = desk.send(body="old", key="k", headers='{"a":"b"}', priority=3)
    before = desk.row(sent)
    change = Edit(body=b"new", kind="bytes", key=None, headers=None, priority=0)
    desk.store.edit(sent, change, actor="operator", now_ms=desk.now_ms)
    desk.undo()

    assert desk.row(sent) == before


def test_after_the_last_operation_the_one_before_is_the_last_that_can_be_undone(desk: Desk) -> None:
    first, second = desk.send(), desk.send()
    desk.act("delete", first)
    desk.act("bury", second)

    desk.undo()
    assert (desk.state(first), desk.state(second)) == ("deleted", "ready")
    desk.undo()
    assert desk.state(first) == "ready"
    assert desk.store.last_undoable("operator") is None


def test_what_others_did_is_not_the_last_operation_of_an_operator(desk: Desk) -> None:
    mine = desk.act("delete", desk.send()).operation
    desk.store.pause("mail", reason="", until_ms=None, actor="another", now_ms=desk.now_ms)

    assert desk.store.last_undoable("operator") == mine


def test_a_message_touched_since_is_left_alone_and_named(desk: Desk) -> None:
    sent = desk.send_many(["x"] * 5)
    operation = desk.act("bury", *sent).operation
    desk.act("requeue", sent[0])
    desk.act("delete", sent[1])
    desk.store.edit(sent[2], Edit(priority=1), actor="operator", now_ms=desk.now_ms)
    desk.act("requeue", sent[3])
    desk.ack(desk.take_one())
    outcome = desk.undo(operation)

    assert outcome.done_ids == (sent[4],)
    assert {one.id for one in outcome.missed} == set(sent[:4])


def test_a_requeued_message_that_was_leased_since_is_left_alone(desk: Desk) -> None:
    sent = desk.send()
    desk.bury(desk.take_one())
    operation = desk.act("requeue", sent).operation
    desk.release(desk.take_one())

    assert desk.undo(operation).done == 0
    assert desk.state(sent) == "ready"


def test_a_key_that_is_held_meanwhile_keeps_a_message_from_coming_back(desk: Desk) -> None:
    deleted = desk.send(key="k")
    operation = desk.act("delete", deleted).operation
    desk.send(key="k")
    outcome = desk.undo(operation)

    assert (outcome.done, desk.state(deleted)) == (0, "deleted")
    assert "key" in outcome.missed[0].why


def test_many_messages_come_back_in_chunks_under_one_operation(desk: Desk) -> None:
    desk.send_many(["x"] * 1_201)
    operation = desk.act("delete", targets=Selection(topic="mail")).operation

    assert desk.undo(operation).done == 1_201
    assert (desk.stats().ready, desk.stats().deleted) == (1_201, 0)
    assert desk.store.activity(limit=1, before=None)[0].count == 1_201


def test_an_operation_is_undone_once(desk: Desk) -> None:
    operation = desk.act("delete", desk.send()).operation
    desk.undo(operation)

    with pytest.raises(SmqError, match="already been undone"):
        desk.undo(operation)


def test_an_unknown_operation_is_named(desk: Desk) -> None:
    with pytest.raises(SmqError, match="no operation 99"):
        desk.undo(99)


def test_a_purge_cannot_be_undone(desk: Desk) -> None:
    desk.send()
    outcome = desk.purge("mail", State.READY)

    with pytest.raises(SmqError, match="permanently"):
        desk.undo(outcome.operation)


def test_the_activity_tells_what_can_be_undone_and_what_was(desk: Desk) -> None:
    desk.act("delete", desk.send())
    (before,) = desk.store.activity(limit=9, before=None)
    desk.undo()
    undo, after = desk.store.activity(limit=9, before=None)

    assert (before.is_undoable, before.undone_at) == (True, None)
    assert (after.is_undoable, after.undone_at) == (False, desk.now_ms / 1000)
    assert (undo.action, undo.count, undo.is_undoable) == ("undo", 1, False)


def test_a_pause_is_taken_back(desk: Desk) -> None:
    desk.send()
    desk.pause()
    desk.undo()

    assert not desk.stats().paused


def test_a_changed_pause_comes_back_as_it_was(desk: Desk) -> None:
    desk.send()
    desk.pause(until_ms=desk.now_ms + 1_000)
    desk.pause()
    desk.undo()

    assert desk.stats().paused_until == desk.now_ms / 1000 + 1


def test_a_resume_is_taken_back(desk: Desk) -> None:
    desk.send()
    desk.pause()
    desk.resume()
    desk.undo()

    assert (desk.stats().paused, desk.stats().pause_reason) == (True, "mending")


def test_a_policy_is_taken_back(desk: Desk) -> None:
    desk.set_policy(max_attempts=2)
    desk.set_policy(max_attempts=3, visibility_ms=5)
    desk.undo()
    assert (desk.store.policy("mail").max_attempts, desk.store.policy("mail").visibility_timeout) == (2, 60.0)
    desk.undo()
    assert desk.store.policy("mail").max_attempts == 10


def test_a_setting_that_was_changed_again_is_not_taken_back(desk: Desk) -> None:
    first = desk.set_policy(max_attempts=2).operation
    desk.set_policy(max_attempts=3)

    with pytest.raises(SmqError, match="again"):
        desk.undo(first)


@pytest.mark.parametrize("setting", ["pause", "policy"])
def test_a_setting_of_a_topic_that_was_dropped_since_is_not_taken_back(desk: Desk, setting: str) -> None:
    """The undo would govern a topic that nobody knows any more."""
    for attempts in (2, 3):
        operation = (desk.pause() if setting == "pause" else desk.set_policy(max_attempts=attempts)).operation
    assert desk.store.drop("mail", actor="ann", now_ms=desk.now_ms)

    with pytest.raises(SmqError, match="again"):
        desk.undo(operation)
    assert (desk.stats().paused, desk.store.policy("mail").max_attempts) == (False, 10)


def test_a_policy_can_be_taken_back_though_the_topic_was_paused_since(desk: Desk) -> None:
    first = desk.set_policy(max_attempts=2).operation
    desk.pause()
    desk.undo(first)

    assert desk.store.policy("mail").max_attempts == 10


def test_one_undo_after_the_other_takes_back_what_was_done_to_the_same_message(desk: Desk) -> None:
    sent = desk.send()
    desk.act("bury", sent)
    desk.act("delete", sent)

    assert [desk.undo().done, desk.state(sent), desk.undo().done, desk.state(sent)] == [1, "dead", 1, "ready"]


def test_an_undo_that_brought_nothing_back_can_be_tried_again(desk: Desk) -> None:
    sent = desk.send(key="k")
    deleted = desk.act("delete", sent)
    desk.send(key="k")
    refused = desk.undo(deleted.operation)
    desk.ack(desk.take_one())

    assert (refused.operation, refused.done, refused.missed_count) == (None, 0, 1)
    assert desk.undo(deleted.operation).done == 1


@pytest.mark.parametrize("touch", ["delete", "lease", "ack"])
def test_an_undo_that_brought_nothing_back_leaves_the_operation_not_undone(desk: Desk, touch: str) -> None:
    """Nor does it appear in the activity, and the next one says why there is nothing left to bring back."""
    sent = desk.send()
    desk.bury(desk.take_one())
    operation = desk.act("requeue", sent).operation
    if touch == "delete":
        desk.act("delete", sent)
    else:
        hold = desk.take_one()
        assert touch != "ack" or desk.ack(hold) == []
    before = [entry.action for entry in desk.store.activity(limit=9, before=None)]
    outcome = desk.undo(operation)
    entries = desk.store.activity(limit=9, before=None)

    assert (outcome.done, outcome.operation, outcome.missed_count) == (0, None, 1)
    assert [entry.action for entry in entries] == before
    assert [entry.undone_at for entry in entries if entry.operation == operation] == [None]
    if touch != "delete":
        with pytest.raises(SmqError, match="nothing is left to restore"):
            desk.undo(operation)


@pytest.mark.parametrize("verb", ["delete", "edit", "pause", "policy"])
def test_an_undo_says_which_operation_was_meant(desk: Desk, verb: str) -> None:
    sent = desk.send()
    actions: dict[str, Callable[[], Outcome]] = {
        "delete": lambda: desk.act("delete", sent),
        "edit": lambda: desk.store.edit(sent, Edit(priority=1), actor="operator", now_ms=desk.now_ms),
        "pause": desk.pause,
        "policy": lambda: desk.set_policy(max_attempts=2),
    }
    done = actions[verb]()
    undone = desk.undo(done.operation).undone

    assert undone is not None
    assert (undone.operation, undone.action, undone.actor) == (done.operation, verb, "operator")
    assert (undone.topic, undone.undone_at) == ("mail", None)


def test_an_undo_that_was_stopped_leaves_the_rest_to_another(desk: Desk) -> None:
    """It says how far it came after each part, and stops between two of them."""
    sent = desk.send_many(["x"] * 1_200)
    done = desk.act("delete", *sent)
    told: list[int] = []

    def stop(number: int) -> bool:
        told.append(number)
        return False

    stopped = desk.undo(done.operation, progress=stop)
    assert 0 < stopped.done < 1_200
    assert told == [stopped.done]
    rest = desk.undo(done.operation)

    assert rest.done == 1_200 - stopped.done
    assert {desk.state(one) for one in sent} == {"ready"}
