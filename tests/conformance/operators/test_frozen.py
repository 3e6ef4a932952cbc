"""What was selected is what an action changes: not what comes into the state later, nor what moved on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from smq_core.errors import InvalidMessage
from smq_core.states import State
from smq_core.store.frozen import Frozen
from smq_core.store.records import Filter, Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.message import Outcome
    from smq_core.store.records import Hold
    from tests.conformance.desk import Desk

VERBS = ("requeue", "delete", "bury", "move", "purge")
LEAVES = {"requeue": "ready", "delete": "deleted", "bury": "dead", "move": "ready", "purge": "gone"}
SEEN_IN = {"requeue": State.DEAD, "delete": State.DEAD, "bury": State.READY, "move": State.READY}
DEAD = State.DEAD


def carry_out(desk: Desk, verb: str, selection: Selection) -> Outcome:
    """Do what a verb is for to a selection."""
    if verb == "purge":
        return desk.store.purge(selection, actor="operator", now_ms=desk.now_ms)
    return desk.act(verb, targets=selection, to="print")


def ids_of(selection: Selection) -> list[int]:
    """Return the ids that a selection was fixed to."""
    assert selection.frozen is not None
    return list(selection.frozen.ids)


def killed(desk: Desk, sent: int) -> None:
    """Let a message be leased and end among the dead letters."""
    (hold,) = [one for one in desk.take(limit=1_000) if one.id == sent]
    desk.bury(hold)


def dead_letters(desk: Desk, number: int) -> list[int]:
    """Send messages and bury them."""
    sent = desk.send_many(["x"] * number)
    for hold in desk.take(limit=number):
        desk.bury(hold)
    return sent


@pytest.mark.parametrize("verb", VERBS)
def test_what_comes_into_the_state_later_with_a_smaller_id_is_not_touched(desk: Desk, verb: str) -> None:
    state = SEEN_IN.get(verb, DEAD)
    late, seen = desk.send_many(["x"] * 3), desk.send_many(["x"] * 30)
    early, *others = (desk.take(limit=3), *desk.take(limit=30))
    for hold in others:
        settle(desk, hold, state)
    frozen = desk.freeze("mail", state)
    assert ids_of(frozen) == seen
    for hold in early:
        settle(desk, hold, state)
    outcome = carry_out(desk, verb, frozen)

    assert (outcome.done, outcome.moved_on, outcome.missed_count) == (30, 0, 0)
    assert [desk.state(one) for one in seen] == [LEAVES[verb]] * 30
    assert [desk.state(one) for one in late] == [state] * 3


def settle(desk: Desk, hold: Hold, state: State) -> None:
    """Let a lease end in a state."""
    if state is DEAD:
        desk.bury(hold)
    else:
        desk.release(hold)


def leased(desk: Desk, one: int) -> None:
    """Leave the state."""
    desk.act("requeue", one)
    desk.take(limit=99)


def removed(desk: Desk, one: int) -> None:
    """Be processed and gone."""
    desk.act("requeue", one)
    desk.ack(*desk.take(limit=99))


def died_again(desk: Desk, one: int) -> None:
    """Run again, and fail again."""
    desk.act("requeue", one)
    killed(desk, one)


def buried_again(desk: Desk, one: int) -> None:
    """Come and go by operators' hands alone."""
    desk.act("requeue", one)
    desk.act("bury", one)


def moved_away(desk: Desk, one: int) -> None:
    """Be in another topic, in the same state."""
    desk.act("move", one, to="print")


def moved_there_and_back(desk: Desk, one: int) -> None:
    """Be where it was, by another operation."""
    desk.act("move", one, to="print")
    desk.act("move", one, to="mail")


WAYS = (leased, removed, died_again, buried_again, moved_away, moved_there_and_back)


@pytest.mark.parametrize("happens", WAYS)
@pytest.mark.parametrize("verb", ["requeue", "delete", "purge"])
@pytest.mark.parametrize("is_by_ids", [False, True])
def test_what_moved_on_is_left_alone_and_counted(
    desk: Desk,
    verb: str,
    happens: Callable[[Desk, int], None],
    is_by_ids: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    seen = dead_letters(desk, 5)
    frozen = desk.freeze("mail", DEAD)
    assert frozen.frozen is not None
    sights = frozen.frozen.part(0, 5)
    happens(desk, seen[1])
    before = desk.store.get(seen[1])
    if is_by_ids and verb != "purge":
        outcome = desk.act(verb, targets=sights)
    else:
        outcome = carry_out(desk, verb, frozen)

    assert (outcome.done, outcome.moved_on, [one.id for one in outcome.missed]) == (4, 1, [seen[1]])
    assert desk.store.get(seen[1]) == before
    assert [desk.state(one) for one in seen if one != seen[1]] == [LEAVES[verb]] * 4


def test_each_that_moved_on_is_told_with_why(desk: Desk) -> None:
    seen = dead_letters(desk, 5)
    frozen = desk.freeze("mail", DEAD)
    died_again(desk, seen[0])
    buried_again(desk, seen[1])
    desk.act("requeue", seen[2])
    desk.act("delete", seen[3])
    outcome = carry_out(desk, "delete", frozen)

    assert [one.why for one in outcome.missed] == [
        "it has been processed in the meantime, and is dead again",
        "an operator has changed it in the meantime; it is dead",
        "it is now ready, no longer dead",
        "it is now deleted, no longer dead",
    ]
    assert (outcome.done, outcome.moved_on) == (1, 4)


def test_what_was_changed_and_taken_back_is_as_it_was_seen(desk: Desk) -> None:
    dead_letters(desk, 2)
    frozen = desk.freeze("mail", DEAD)
    desk.act("requeue", targets=frozen)
    desk.undo()

    assert carry_out(desk, "delete", frozen).done == 2


def test_what_is_left_alone_for_its_state_has_not_moved_on(desk: Desk) -> None:
    sent = desk.send()
    desk.take()
    outcome = carry_out(desk, "delete", desk.freeze("mail", State.PROCESSING))

    assert (outcome.done, outcome.moved_on, [one.id for one in outcome.missed]) == (0, 0, [sent])
    assert "its lease has not expired" in outcome.missed[0].why


def test_force_takes_no_lease_but_the_one_that_was_seen(desk: Desk) -> None:
    sent = desk.send()
    desk.take(visibility_ms=1_000)
    frozen = desk.freeze("mail", State.PROCESSING)
    desk.clock.advance(2)
    desk.take()
    outcome = desk.act("requeue", targets=frozen, force=True)

    assert (outcome.done, outcome.moved_on, desk.state(sent)) == (0, 1, "processing")


def test_a_lease_seen_expired_and_extended_since_is_left_alone(desk: Desk) -> None:
    desk.send()
    hold = desk.take_one(visibility_ms=1_000)
    desk.clock.advance(2)
    expired = Selection(topic="mail", state=State.PROCESSING, where=Filter(only_expired=True))
    frozen = desk.store.freeze(expired, now_ms=desk.now_ms)
    desk.extend(hold)
    outcome = desk.act("requeue", targets=frozen, force=True)

    assert (outcome.done, outcome.moved_on) == (0, 1)


def test_ids_that_nobody_saw_have_not_moved_on(desk: Desk) -> None:
    outcome = desk.act("delete", desk.send(), 99)

    assert (outcome.done, outcome.moved_on, [one.id for one in outcome.missed]) == (1, 0, [99])


@pytest.mark.parametrize("topic", [None, "mail"])
@pytest.mark.parametrize("state", [None, *State])
def test_a_selection_is_fixed_to_what_matches_each_as_it_is(
    desk: Desk, topic: str | None, state: State | None
) -> None:
    made = desk.prepared()
    frozen = desk.freeze(topic, state).frozen
    assert frozen is not None

    assert frozen.part(0, 99) == {
        one: (row.status, row.deliveries, row.operation)
        for one in sorted(made.values())
        if (row := desk.row(one)).status in (state, row.status if state is None else state)
    }
    assert frozen.count_in(DEAD) == (state in (None, DEAD))


def test_a_selection_of_many_is_fixed_part_by_part(desk: Desk) -> None:
    sent = desk.send_many(["x"] * 45_000)
    desk.send_many(["y"] * 5_000, topic="print", priority=3)
    told: list[int] = []

    def progress(number: int) -> bool:
        told.append(number)
        return True

    assert ids_of(desk.freeze("mail", progress=progress)) == sent
    assert told == [20_000, 40_000, 45_000]
    assert len(ids_of(desk.freeze(state=State.READY))) == 50_000


def test_progress_leaves_the_rest_of_a_selection_out(desk: Desk) -> None:
    sent = desk.send_many(["x"] * 20_001)

    assert ids_of(desk.freeze("mail", progress=lambda _: False)) == sent[:20_000]


def test_a_selection_is_limited_to_the_lowest_ids(desk: Desk) -> None:
    sent = desk.send_many(["x"] * 5)
    frozen = desk.freeze("mail", limit=3)

    assert ids_of(frozen) == sent[:3]
    assert carry_out(desk, "delete", frozen).done == 3


def test_a_selection_that_is_fixed_stays_so(desk: Desk) -> None:
    desk.send()
    frozen = desk.freeze("mail")
    desk.send()

    assert desk.store.freeze(frozen, now_ms=desk.now_ms) is frozen


def test_frozen_ids_beyond_the_highest_wanted_are_left_out(desk: Desk) -> None:
    sent = desk.send_many(["x"] * 3)
    wanted = Selection(topic="mail", max_id=sent[1])

    assert ids_of(desk.store.freeze(wanted, now_ms=desk.now_ms)) == sent[:2]


@pytest.mark.parametrize(
    ("after", "newest", "expected"),
    [
        (None, False, [1, 2]),
        (None, True, [4, 3]),
        (1, False, [2, 3]),
        (4, True, [3, 2]),
        (9, False, []),
    ],
)
def test_a_page_of_a_frozen_set_goes_either_way(
    desk: Desk,
    after: int | None,
    newest: bool,  # noqa: FBT001 - a parameter of the test
    expected: list[int],
) -> None:
    desk.send_many(["x"] * 4)
    frozen = desk.freeze("mail").frozen
    assert frozen is not None

    assert list(frozen.page(after=after, newest=newest, limit=2)) == expected


def test_a_frozen_set_shows_its_number() -> None:
    assert repr(Frozen([1, 2], (), [0, 0])) == "<2 frozen messages>"


@pytest.mark.parametrize("left_out", ["topic", "state"])
def test_a_purge_is_for_one_topic_and_one_state(desk: Desk, left_out: str) -> None:
    desk.send()
    selection = msgspec.structs.replace(Selection(topic="mail", state=State.READY), **{left_out: None})
    with pytest.raises(InvalidMessage, match="one topic and one state"):
        desk.store.purge(selection, actor="operator", now_ms=desk.now_ms)

    assert desk.stats().ready == 1


def test_a_purge_of_what_moved_on_leaves_no_operation(desk: Desk) -> None:
    dead_letters(desk, 2)
    frozen = desk.freeze("mail", DEAD)
    desk.act("requeue", targets=frozen)
    outcome = carry_out(desk, "purge", frozen)

    assert (outcome.operation, outcome.done, outcome.moved_on) == (None, 0, 2)
    assert [entry.action for entry in desk.store.activity(limit=9, before=None)] == ["requeue"]
