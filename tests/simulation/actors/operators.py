"""Actors at the dashboard and the command line, and the janitor."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from smq_core.errors import MessageNotFound, SmqError
from smq_core.policy import TopicPolicy
from smq_core.states import State
from smq_core.store.records import Filter, Selection
from tests.simulation.actor import TOPICS, Actor
from tests.simulation.actors.applications import KEYS

if TYPE_CHECKING:
    from tests.simulation.actions import Sight
    from tests.simulation.world import World

VERBS = ("requeue", "requeue", "delete", "bury", "move")


class Operator(Actor):
    """Looks at messages, and acts on what it saw a while ago."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.desk = self.inspector()
        self.seen: dict[int, Sight] = {}
        self.frozen: Selection | None = None
        self.undoable: list[int] = []
        self._acts = (
            *(self._look, self._look, self._freeze, self._mend, self._mend, self._mend_all),
            *(self._edit, self._undo, self._undo, self._undo, self._pause, self._resume, self._policy),
        )

    def act(self) -> None:
        """Do one thing, seldom what removes messages for good."""
        if self.chance(0.02):
            self._purge()
        elif self.chance(0.02):
            self.desk.drop(self.topic())
        else:
            self.random.choice(self._acts)()

    def vanish(self) -> None:
        """Close the terminal in the middle of it."""
        super().vanish()
        self.seen, self.frozen = {}, None

    def _look(self) -> None:
        topic = self.random.choice((None, *TOPICS))
        state = self.random.choice((None, *State))
        page = self.desk.browse(topic, state, limit=self.random.choice((3, 10)))
        with_states = self.chance(0.5)
        self.seen = {one.id: one.state if with_states else one.seen for one in page if self.chance(0.5)}

    def _freeze(self) -> None:
        self.frozen = self.desk.select(self.topic(), self.random.choice(list(State)))
        actions = self.world.foretold.actions
        assert self.frozen.frozen is not None
        found = self.frozen.frozen.part(0, len(self.frozen.frozen))
        assert found == actions.sights(actions.matching(self.frozen, self.now))

    def _mend(self) -> None:
        """Act on messages as they were seen, or whatever they are."""
        targets: dict[int, Sight] = self.seen if self.chance(0.5) else dict.fromkeys(self.seen)
        if targets:
            self._act_on(targets, is_forced=self.chance(0.3))

    def _mend_all(self) -> None:
        """Act on all that match."""
        expired = Filter(only_expired=True)
        anything = Selection(topic=self.topic(), state=self.random.choice(list(State)))
        overdue = Selection(state=State.PROCESSING, where=expired)
        frozen, self.frozen = self.frozen, None
        self._act_on(frozen or self.random.choice((anything, overdue)), is_forced=self.chance(0.2))

    def _act_on(self, targets: Selection | dict[int, Sight], *, is_forced: bool) -> None:
        verb = self.random.choice(VERBS)
        if verb == "move":
            outcome = self.desk.move(targets, self.topic())
        elif verb == "requeue":
            outcome = self.desk.requeue(targets, force=is_forced)
        elif verb == "delete":
            outcome = self.desk.delete(targets, force=is_forced)
        else:
            outcome = self.desk.bury(targets, force=is_forced)
        self._note(outcome.operation)

    def _note(self, operation: int | None) -> None:
        if operation is not None:
            self.undoable = [*self.undoable[-5:], operation]

    def _edit(self) -> None:
        if self.seen:
            one = self.random.choice(sorted(self.seen))
            key, priority = self.random.choice(KEYS), self.random.choice((0, 5))
            with contextlib.suppress(MessageNotFound):
                self._note(self.desk.edit(one, key=key, priority=priority).operation)

    def _undo(self) -> None:
        known: list[int | Literal["last"] | None] = ["last", *self.undoable, self.world.model.last_operation]
        with contextlib.suppress(SmqError):
            self.desk.undo(self.random.choice(known))

    def _pause(self) -> None:
        if self.chance(0.4):
            until = None if self.chance(0.1) else (self.now + self.random.choice((500, 5_000))) / 1000
            self._note(self.desk.pause(self.topic(), "", until).operation)

    def _resume(self) -> None:
        self._note(self.desk.resume(self.topic()).operation)

    def _purge(self) -> None:
        """Remove what a topic has in a state, most often where there is most."""
        entries = list(self.world.model.entries.values())
        if entries and (one := self.random.choice(entries)).state is not State.PROCESSING:
            self.desk.purge(one.topic, one.state)
        else:
            self.desk.purge(self.topic(), State.DELETED)

    def _policy(self) -> None:
        if self.chance(0.3):
            outcome = self.desk.set_policy(
                self.topic(),
                max_attempts=self.random.choice((1, 3, TopicPolicy().max_attempts, None)),
                visibility_timeout=self.random.choice((2.0, None)),
                keep=self.random.choice((0.0, 0.0, 5.0, 30.0)),
            )
            self._note(outcome.operation)


class Janitor(Actor):
    """Keeps house."""

    def act(self) -> None:
        """Prune, tidy, or look."""
        chance = self.random.random()
        if chance < 0.4:
            while self.store.prune(self.now).total:
                pass
        elif chance < 0.5:
            self.store.tidy()
        elif chance < 0.51:
            self.store.optimize()
        else:
            self.store.next_due(self.random.sample(TOPICS, 2), self.now)
