"""What is selected for a verb is exactly what it changes, whoever changes messages meanwhile."""

# ruff: noqa: D102 - a method says what it does by its name
from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest

from smq_core.states import State, sources_of
from smq_core.store.records import Purpose, Selection

if TYPE_CHECKING:
    from smq_core.message import Outcome
    from smq_core.store.records import Hold, MessageRow
    from tests.conformance.desk import Desk

VERBS: Final = ("requeue", "delete", "bury", "move")
TOPICS: Final = ("mail", "print", "scan")
PLACES: Final[tuple[tuple[str | None, State | None], ...]] = (
    (None, None),
    ("mail", None),
    *((None, state) for state in State),
    *(("mail", state) for state in State),
)


class Bustle:
    """A queue with messages of all states, keys and topics, and what others do to them, by chance."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.random = random.Random(seed)  # noqa: S311 - chance, no secret
        self.holds: list[Hold] = []
        self.desk.set_policy("mail", keep_ms=3_600_000)
        for _ in range(40):
            self.send()
        for _ in range(60):
            self.happen()

    def send(self) -> None:
        key = self.random.choice((None, None, "a", "b", "c"))
        delay = self.random.choice((0.0, 0.0, 1.0, 900.0))
        priority = self.random.choice((0, 0, 5))
        self.desk.send(self.random.choice(TOPICS), key=key, delay=delay, priority=priority)

    def take(self) -> None:
        visibility_ms = self.random.choice((1_000, 500_000))
        self.holds += self.desk.take(*TOPICS, limit=3, visibility_ms=visibility_ms)

    def settle(self) -> None:
        if not self.holds:
            return
        hold = self.holds.pop(self.random.randrange(len(self.holds)))
        do = self.random.choice(("ack", "bury", "release", "requeue", "extend"))
        getattr(self.desk, do)(hold)
        if do == "extend":
            self.holds.append(hold)

    def operate(self) -> None:
        ids = self.random.sample(self.ids(), 2)
        to = self.random.choice(TOPICS)
        self.desk.act(self.random.choice(VERBS), *ids, to=to, force=self.random.random() < 0.3)

    def wait(self) -> None:
        self.desk.clock.advance(self.random.choice((0.01, 2.0)))

    def happen(self) -> None:
        """Let one thing happen."""
        self.random.choice(
            (self.send, self.take, self.take, self.settle, self.settle, self.operate, self.wait)
        )()

    def ids(self) -> list[int]:
        return [row.id for row in self.rows()]

    def rows(self) -> list[MessageRow]:
        return self.desk.page(limit=1_000)

    def select(self, purpose: Purpose, topic: str | None, state: State | None) -> Selection:
        wanted = Selection(topic=topic, state=state)
        return self.desk.store.freeze(wanted, now_ms=self.desk.now_ms, purpose=purpose)

    def act(self, purpose: Purpose, targets: Selection) -> Outcome:
        return self.desk.act(purpose.verb, targets=targets, to=purpose.to, force=purpose.force)


@pytest.mark.parametrize("is_forced", [False, True])
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_selected_for_a_verb_is_what_it_would_change_of_all(
    desk: Desk,
    seed: int,
    verb: str,
    is_forced: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    bustle = Bustle(desk, seed)
    purpose = Purpose(verb=verb, to="print", force=is_forced)
    of_topic = {row.id: row.topic for row in bustle.rows()}
    of_state = {row.id: row.status for row in bustle.rows()}
    chosen = {place: list(bustle.select(purpose, *place).fixed.ids) for place in PLACES}
    changed = desk.act(verb, *bustle.ids(), to=purpose.to, force=is_forced).done_ids

    assert chosen[None, None] == sorted(changed)
    if verb in ("delete", "bury"):
        # of those that share a key, which one comes first depends on what else is selected
        assert chosen == {
            (topic, state): [
                one
                for one in sorted(changed)
                if topic in (None, of_topic[one]) and state in (None, of_state[one])
            ]
            for topic, state in PLACES
        }


@pytest.mark.parametrize("place", [PLACES[0], PLACES[1], ("mail", State.DEAD), (None, State.PROCESSING)])
@pytest.mark.parametrize("verb", VERBS)
def test_all_that_is_selected_is_changed_where_nobody_comes_between(
    desk: Desk, verb: str, place: tuple[str | None, State | None]
) -> None:
    bustle = Bustle(desk, 7)
    purpose = Purpose(verb=verb, to="print")
    selection = bustle.select(purpose, *place)
    outcome = bustle.act(purpose, selection)

    assert (outcome.done, outcome.missed_count) == (len(selection.fixed), 0)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("seed", range(4))
def test_what_was_asked_is_done_or_counted_as_left_alone_whoever_comes_between(
    desk: Desk, seed: int, verb: str
) -> None:
    bustle = Bustle(desk, seed)
    purpose = Purpose(verb=verb, to="print", force=bool(seed % 2))
    selection = bustle.select(purpose, None, None)
    asked = len(selection.fixed)
    for _ in range(12):
        bustle.happen()
    before = {row.id: row for row in bustle.rows()}
    outcome = bustle.act(purpose, selection)
    after = {row.id: row for row in bustle.rows()}
    changed = {one for one, row in after.items() if row != before[one]}

    assert asked > 0
    assert outcome.done + outcome.missed_count == asked
    assert len(changed) == outcome.done
    assert changed <= set(selection.fixed.ids)
    moved = {one.id for one in outcome.missed if one.has_moved_on}
    assert len(moved) == outcome.moved_on
    assert {one.why for one in outcome.missed if not one.has_moved_on} <= {
        "another unfinished message of the topic already has its key"
    }
    undisturbed = {
        one
        for one, seen in selection.fixed.part(0, asked).items()
        if one in before and (before[one].status, before[one].deliveries, before[one].operation) == seen
    }
    assert changed <= undisturbed


def test_a_lease_that_was_over_and_is_extended_meanwhile_has_moved_on(desk: Desk) -> None:
    sent = desk.send()
    hold = desk.take_one(visibility_ms=1_000)
    desk.clock.advance(2)
    purpose = Purpose(verb="requeue")
    selection = desk.store.freeze(Selection(topic="mail"), now_ms=desk.now_ms, purpose=purpose)
    desk.extend(hold)
    outcome = desk.act("requeue", targets=selection)

    assert list(selection.fixed.ids) == [sent]
    assert (outcome.done, outcome.moved_on) == (0, 1)
    assert "extended" in outcome.missed[0].why


def test_a_lease_that_ends_while_one_is_asked_is_left_alone(desk: Desk) -> None:
    desk.send_many(["x"] * 3)
    desk.take(visibility_ms=1_000, limit=2)
    purpose = Purpose(verb="delete")
    selection = desk.store.freeze(Selection(topic="mail"), now_ms=desk.now_ms, purpose=purpose)
    desk.clock.advance(2)
    outcome = desk.act("delete", targets=selection)

    assert (outcome.done, outcome.missed_count) == (1, 0)
    assert desk.stats().processing == 2


def test_of_a_frozen_set_those_that_were_held_can_be_left_out(desk: Desk) -> None:
    sent = desk.send_many(["x"] * 4)
    desk.take(visibility_ms=1_000, limit=1)
    desk.take(visibility_ms=500_000, limit=1)
    desk.clock.advance(2)
    frozen = desk.freeze("mail").fixed
    free = frozen.without_held()

    assert (frozen.count_held(), set(frozen.held())) == (1, {sent[1]})
    assert list(free.ids) == [sent[0], *sent[2:]]
    assert [free.part(0, 3)[one].state for one in free.ids] == ["processing", "ready", "ready"]
    assert (free.count_held(), free.held(), free.without_held()) == (0, frozenset(), free)


def test_of_dead_letters_with_one_key_the_first_alone_is_requeued(desk: Desk) -> None:
    dead = [killed(desk, desk.send(key="k")) for _ in range(3)]
    others = [killed(desk, desk.send("print", key="k")), killed(desk, desk.send())]
    purpose = Purpose(verb="requeue")
    selection = desk.store.freeze(Selection(), now_ms=desk.now_ms, purpose=purpose)
    assert list(selection.fixed.ids) == [dead[0], *others]

    desk.send(key="k")
    selection = desk.store.freeze(Selection(), now_ms=desk.now_ms, purpose=purpose)
    assert list(selection.fixed.ids) == others


def killed(desk: Desk, sent: int) -> int:
    """Let a message end among the dead letters."""
    desk.bury(desk.take_one(*TOPICS))
    return sent


def test_a_selection_that_is_not_fixed_has_no_number() -> None:
    with pytest.raises(ValueError, match=r"Inspector\.select"):
        _ = Selection(topic="mail").fixed


@pytest.mark.parametrize("verb", [*VERBS, "purge"])
def test_a_verb_is_for_the_states_of_its_transitions(verb: str) -> None:
    expected = {
        "requeue": set(State) - {State.READY, State.DELETED},
        "delete": set(State) - {State.DELETED},
        "bury": set(State) - {State.DEAD, State.DELETED},
        "move": set(State) - {State.PROCESSING, State.DELETED},
        "purge": set(State) - {State.PROCESSING},
    }

    assert sources_of(verb) == expected[verb]
