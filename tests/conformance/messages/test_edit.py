"""Edits: what a person changes of one message, and when it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from smq_core.errors import InvalidMessage, MessageNotFound
from smq_core.states import State
from smq_core.store.records import Edit

if TYPE_CHECKING:
    from tests.conformance.desk import Desk


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


def test_an_edit_that_names_nothing_does_nothing(desk: Desk) -> None:
    sent = desk.send()
    hold = desk.take_one()
    desk.clock.advance(60)
    desk.take("print")

    assert edit(desk, sent) == (0, "")
    assert desk.store.activity(limit=9, before=None) == []
    assert desk.ack(hold) == []


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


def test_the_activity_names_what_an_edit_changed_and_nothing_else(desk: Desk) -> None:
    sent = desk.send(priority=5)
    edit(desk, sent, body="new", kind="text", priority=5)
    edit(desk, sent, body="new", kind="json", key="k")
    edit(desk, sent, body="new")

    details = [row.detail for row in desk.store.activity(before=None, limit=3)]
    assert details == [
        f"message {sent}: as it was",
        f"message {sent}: key, payload",
        f"message {sent}: payload",
    ]
