"""What becomes of a lease in its holder's hands, and what a stale receipt may do: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.policy import Backoff
from smq_core.states import State
from smq_core.store.records import Hold
from smq_core.testing import make_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.desk import Desk

GIVE_BACKS: dict[str, Callable[[Desk, Hold], bool]] = {
    "requeue": lambda desk, hold: desk.requeue(hold) is not None,
    "release": lambda desk, hold: not desk.release(hold),
    "bury": lambda desk, hold: desk.bury(hold),
    "extend": lambda desk, hold: not desk.extend(hold)[1],
}
VERBS = GIVE_BACKS | {"ack": lambda desk, hold: not desk.ack(hold)}


def test_an_ack_removes_the_message(desk: Desk) -> None:
    sent = desk.send()

    assert (desk.ack(desk.take_one()), desk.state(sent)) == ([], "gone")


def test_an_ack_keeps_the_message_as_done_where_its_topic_keeps_history(desk: Desk) -> None:
    desk.set_policy(keep_ms=1_000)
    sent = desk.send()
    desk.ack(desk.take_one())

    row = desk.row(sent)
    assert (row.status, row.finished_at, row.locked_until) == (State.DONE, desk.now_ms, None)


def test_acks_of_topics_with_and_without_history_go_in_one_call(desk: Desk) -> None:
    desk.set_policy("kept", keep_ms=1_000)
    kept, removed = desk.send("kept"), desk.send("mail")
    holds = desk.take("kept", "mail", limit=2)

    assert desk.ack(*holds) == []
    assert (desk.state(kept), desk.state(removed)) == ("done", "gone")


def test_acks_of_several_calls_go_in_one(desk: Desk) -> None:
    sent = [desk.send() for _ in range(3)]
    holds = [desk.take_one() for _ in range(3)]

    assert desk.ack(*holds) == []
    assert {desk.state(one) for one in sent} == {"gone"}


def test_the_lost_ones_of_many_are_named_and_the_others_done(desk: Desk) -> None:
    sent = desk.send_many(["x"] * 4)
    holds = desk.take(limit=4)
    desk.release(holds[1])

    assert desk.ack(*holds, Hold(999, holds[0].receipt)) == [holds[1], Hold(999, holds[0].receipt)]
    assert [desk.state(one) for one in sent] == ["gone", "ready", "gone", "gone"]


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_second_time_is_lost_after_an_ack(desk: Desk, verb: str) -> None:
    desk.send()
    hold = desk.take_one()
    desk.ack(hold)

    assert not VERBS[verb](desk, hold)


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("ended", ["requeue", "release", "bury"])
def test_everything_is_lost_after_the_holder_gave_the_message_back(desk: Desk, verb: str, ended: str) -> None:
    sent = desk.send()
    hold = desk.take_one()
    GIVE_BACKS[ended](desk, hold)
    before = desk.row(sent)

    assert not VERBS[verb](desk, hold)
    assert desk.row(sent) == before


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_holder_whose_message_was_leased_again_changes_nothing(desk: Desk, verb: str) -> None:
    sent = desk.send()
    stale = desk.take_one()
    desk.clock.advance(61)
    desk.take_one()
    before = desk.row(sent)

    assert not VERBS[verb](desk, stale)
    assert desk.row(sent) == before


@pytest.mark.parametrize("verb", sorted(GIVE_BACKS))
def test_an_expired_lease_is_valid_until_it_is_reclaimed(desk: Desk, verb: str) -> None:
    desk.send()
    hold = desk.take_one()
    desk.clock.advance(3600)

    assert VERBS[verb](desk, hold)


@pytest.mark.parametrize("verb", sorted(GIVE_BACKS))
def test_after_a_reclaim_only_an_ack_is_taken(desk: Desk, verb: str) -> None:
    sent = desk.send()
    hold = desk.take_one()
    desk.clock.advance(61)
    desk.take("print")

    assert not VERBS[verb](desk, hold)
    assert desk.state(sent) == "ready"
    assert desk.ack(hold) == []
    assert desk.state(sent) == "gone"


def test_a_late_ack_is_taken_of_a_message_that_died_by_reclaim(desk: Desk) -> None:
    sent = desk.send(max_attempts=1)
    hold = desk.take_one()
    desk.clock.advance(61)
    desk.take()
    assert desk.state(sent) == "dead"

    assert desk.ack(hold) == []
    assert desk.state(sent) == "gone"
    assert desk.stats().dead == 0


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury", "move"])
def test_an_ack_is_lost_when_an_operator_touched_the_message_after_a_reclaim(desk: Desk, verb: str) -> None:
    sent = desk.send()
    hold = desk.take_one()
    desk.clock.advance(61)
    if verb != "requeue":
        desk.take("print")
    assert desk.act(verb, sent, to="print" if verb == "move" else None).done == 1

    assert desk.ack(hold) == [hold]


def test_requeue_makes_ready_or_delayed_and_says_which(desk: Desk) -> None:
    sent = desk.send()
    assert desk.requeue(desk.take_one(), delay_ms=0) == "ready"
    assert desk.requeue(desk.take_one(), delay_ms=1_500) == "delayed"

    row = desk.row(sent)
    assert (row.available_at, row.attempts, row.last_error) == (desk.now_ms + 1_500, 2, "boom")


def test_requeue_without_a_delay_backs_off_as_the_topic_has_it(desk: Desk) -> None:
    desk.set_policy(backoff=Backoff(first=10.0, factor=3.0, cap=40.0))
    sent = desk.send()
    waits = []
    for _ in range(3):
        desk.requeue(desk.take_one(), delay_ms=None, jitter=0.5)
        waits.append(desk.row(sent).available_at - desk.now_ms)
        desk.clock.advance(40)

    assert waits == [5_000, 15_000, 20_000]


@pytest.mark.parametrize(
    ("own", "policy", "deadly"), [(None, None, 10), (None, 2, 2), (3, 2, 3), (1, None, 1)]
)
def test_an_exhausted_message_goes_to_the_dead_letters(
    desk: Desk, own: int | None, policy: int | None, deadly: int
) -> None:
    if policy is not None:
        desk.set_policy(max_attempts=policy)
    desk.send(max_attempts=own)

    assert [desk.requeue(desk.take_one()) for _ in range(deadly)] == ["ready"] * (deadly - 1) + ["dead"]


def test_a_dead_letter_keeps_when_and_why(desk: Desk) -> None:
    sent = desk.send()
    desk.bury(desk.take_one(), "first line\nsecond line")

    row = desk.row(sent)
    assert (row.status, row.finished_at) == (State.DEAD, desk.now_ms)
    assert (row.last_error, row.error_kind) == ("first line\nsecond line", "first line")


def test_a_release_counts_the_attempt_back_but_not_the_delivery(desk: Desk) -> None:
    sent = desk.send()
    desk.release(desk.take_one())

    row = desk.row(sent)
    assert (row.status, row.attempts, row.deliveries, row.worker) == (State.READY, 0, 1, None)


def test_the_lost_ones_of_a_release_are_named(desk: Desk) -> None:
    desk.send_many(["a", "b"])
    first, second = desk.take(limit=2)
    desk.ack(first)

    assert desk.release(first, second) == [first]


def test_an_extension_counts_from_now(desk: Desk) -> None:
    sent = desk.send()
    hold = desk.take_one(visibility_ms=1_000)
    desk.clock.advance(10)

    assert desk.extend(hold, visibility_ms=5_000) == ({sent: desk.now_ms + 5_000}, [])
    assert desk.row(sent).locked_until == desk.now_ms + 5_000


def test_an_extension_without_a_length_is_as_each_topic_has_it(desk: Desk) -> None:
    desk.set_policy("print", visibility_ms=7_000)
    mail, printed = desk.send("mail"), desk.send("print")
    holds = desk.take("mail", "print", limit=2)
    desk.clock.advance(1)

    until, _ = desk.extend(*holds, visibility_ms=None)
    assert until == {mail: desk.now_ms + 60_000, printed: desk.now_ms + 7_000}


def test_the_lost_ones_of_an_extension_are_named_and_the_others_extended(desk: Desk) -> None:
    desk.send_many(["a", "b"])
    first, second = desk.take(limit=2)
    desk.bury(first)

    until, lost = desk.extend(first, second)
    assert (list(until), lost) == ([second.id], [first])


def test_failures_are_kept_as_history_and_a_success_writes_none(desk: Desk) -> None:
    sent = desk.send()
    desk.requeue(desk.take_one(worker="w"), error="one")
    desk.bury(desk.take_one(), "two")

    kept = [(row.attempt, row.outcome, row.error, row.worker) for row in desk.store.attempts(sent)]
    assert kept == [(1, "requeue", "one", "w"), (2, "bury", "two", None)]


def test_the_last_ten_failures_are_kept(desk: Desk) -> None:
    sent = desk.send(max_attempts=100)
    for number in range(12):
        desk.requeue(desk.take_one(), error=str(number))

    assert [row.error for row in desk.store.attempts(sent)] == [str(number) for number in range(2, 12)]


def test_history_goes_with_its_message(desk: Desk) -> None:
    sent = desk.send()
    desk.requeue(desk.take_one())
    desk.ack(desk.take_one())

    assert desk.store.attempts(sent) == []


def test_a_long_error_is_cut(desk: Desk) -> None:
    sent = desk.send()
    desk.bury(desk.take_one(), "x" * 20_000)

    row = desk.row(sent)
    assert (len(row.last_error or ""), len(row.error_kind or "")) == (8_192, 200)


def test_what_a_worker_holds_is_known_by_its_name(desk: Desk) -> None:
    desk.store.enqueue(make_message(), desk.now_ms)
    hold = desk.take_one(worker="w")

    assert (desk.store.held_by("w"), desk.store.held_by("v")) == ([hold], [])


def test_a_stale_lease_of_an_extended_message_is_named_as_lost(desk: Desk) -> None:
    desk.send()
    stale = desk.take_one()
    desk.clock.advance(61)
    fresh = desk.take_one()

    until, lost = desk.extend(stale, fresh)
    assert (list(until), lost) == ([fresh.id], [stale])


@pytest.mark.parametrize("count", [1, 2])
def test_an_ack_removes_the_messages_of_a_topic_that_sets_something_but_keeps_none(
    desk: Desk, count: int
) -> None:
    desk.set_policy(max_attempts=3)
    sent = desk.send_many(["x"] * count)

    assert desk.ack(*desk.take(limit=count)) == []
    assert {desk.state(one) for one in sent} == {"gone"}
