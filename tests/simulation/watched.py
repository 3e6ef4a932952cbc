"""The engine's store, stopped before each of its transactions, and compared with the model after it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable  # noqa: TC003 - named in an annotation that is run
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from smq_core.errors import SmqError, StoreError
from smq_core.store.records import LeasedRow
from smq_core.store.sqlite.session import Session
from smq_core.store.sqlite.store import SqliteStore
from tests.simulation.entries import Done, Leased, named

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import apsw

    from smq_core.message import Outcome
    from smq_core.store.records import Hold
    from tests.simulation.actor import Actor
    from tests.simulation.world import World

T = TypeVar("T")
_LEASED = attrgetter(*Leased._fields)


class Arguments(NamedTuple):
    """What a verb is called with."""

    positional: tuple[Any, ...]
    named: dict[str, Any]


class Twin:
    """What is foretold of one call, followed transaction by transaction."""

    def __init__(self, steps: Generator[None, Any, Any]) -> None:
        self.told: object = None
        self.is_over = False
        self._steps = steps
        self.follow(None)

    def follow(self, answer: object) -> None:
        """Let the model do what the engine has just done."""
        assert not self.is_over, "the engine makes a transaction that the model does not"
        try:
            self._steps.send(answer)
        except StopIteration as stop:
            self.told, self.is_over = stop.value, True
        except SmqError as error:
            self.told, self.is_over = type(error), True

    def require(self, answer: object) -> None:
        """Compare what the whole call answered."""
        assert self.is_over, f"the model makes a transaction that the engine does not: it answers {answer}"
        assert answer == self.told, f"the engine answers {answer}, the model {self.told}"


class Call:
    """A call under way, and what its transactions answered."""

    def __init__(self, world: World, verb: str, arguments: Arguments) -> None:
        self.verb = verb
        self.arguments = arguments
        self.answer: object = None
        self._begin = partial(getattr(world.foretold, verb), *arguments.positional, **arguments.named)
        self.twin: Twin | None = None
        self._transactions: list[object] = []

    def follow(self, answer: object) -> None:
        """Let the model follow a transaction: at once, or when all of it was committed."""
        if self.twin is None:
            self._transactions.append(answer)
        else:
            self.twin.follow(answer)

    def begin(self) -> None:
        """Let the model begin."""
        self.twin = Twin(self._begin())

    def end(self) -> None:
        """Let the model catch up, and compare the answers."""
        if self.twin is None:
            self.begin()
        assert self.twin is not None
        for answer in self._transactions:
            self.twin.follow(answer)
        self.twin.require(self.answer)


def watched_store(world: World, actor: Actor) -> SqliteStore:
    """Return one actor's store; of the verbs in `COMPARED`, each call is compared with the model."""
    session = WatchedSession(world, actor)
    store = SqliteStore(session)
    for verb in COMPARED:
        setattr(store, verb, partial(session.compare, verb, getattr(store, verb)))
    return store


class WatchedSession(Session):
    """How one actor's store reaches the database."""

    def __init__(self, world: World, actor: Actor) -> None:
        super().__init__(world.path, durability=world.durability, clock=world.clock)
        self._world = world
        self._actor = actor
        self._call: Call | None = None
        self._is_stepping = False
        self._inside: list[Call] | None = None
        """The calls of the transaction that is open."""

    @contextlib.contextmanager
    def transaction(self, *, is_durable: bool = True) -> Iterator[None]:
        """Compare the calls inside after the commit; where it is taken back, they are forgotten."""
        self._world.before_step(self._actor)
        try:
            with super().transaction(is_durable=is_durable):
                self._inside = []
                yield
                self._world.scheduler.strike()
            for call in self._inside:
                call.end()
                self._judge(call)
        except BaseException as error:
            self._world.note_taken_back(error, self._inside)
            raise
        finally:
            self._inside = None
        self._world.after_step(None, None)

    def compare(
        self, verb: str, method: Callable[..., object], *positional: object, **named_ones: object
    ) -> object:
        """Make a call of a method of the store, and see that it answers as foretold."""
        arguments = Arguments(positional, named_ones)
        call = Call(self._world, verb, arguments)
        self._world.note_call(self._actor, verb, arguments)
        self._call = call
        try:
            result = self._made(call, method)
        finally:
            self._call = None
        if isinstance(result, SmqError):
            raise result
        return result

    def _made(self, call: Call, method: Callable[..., object]) -> object:
        if self._inside is None:
            call.begin()
        else:
            self._world.scheduler.strike()
        result: object
        try:
            result = method(*call.arguments.positional, **call.arguments.named)
            call.answer = COMPARED[call.verb](result)
        except StoreError:
            # nothing here may keep the store from working
            raise
        except SmqError as error:
            result, call.answer = error, type(error)
        if self._inside is not None:
            self._inside.append(call)
        else:
            call.end()
            if call.verb != "lease":
                self._judge(call)
        return result

    def _judge(self, call: Call) -> None:
        if not isinstance(call.answer, type):
            self._world.judge(call.verb, call.arguments, call.answer)

    def read_once(self, work: Callable[[apsw.Connection], T]) -> T:
        """Read, as a step of the simulation."""
        return self._step(partial(super().read_once, work))

    def write_once(self, work: Callable[[apsw.Connection], T], *, is_durable: bool = False) -> T:
        """Write, as a step of the simulation."""
        return self._step(partial(super().write_once, work, is_durable=is_durable))

    def run(
        self,
        sql: str,
        bindings: apsw.Bindings,
        answer: Callable[[apsw.Connection], int],
        *,
        is_durable: bool = False,
    ) -> int:
        """Run a statement, as a step of the simulation."""
        return self._step(partial(super().run, sql, bindings, answer, is_durable=is_durable))

    def follow(
        self, look: Callable[[apsw.Connection], T | None], act: Callable[[apsw.Connection, T], bool]
    ) -> T | None:
        """Look and act, as a step of the simulation; others may come between the two."""
        seen: list[T | None] = []

        def look_and_wait(db: apsw.Connection) -> T | None:
            seen.append(look(db))
            self._world.before_step(self._actor)
            return seen[0]

        answer = self._step(partial(super().follow, look_and_wait, act))
        if answer is None and seen and seen[0] is not None:
            self._world.rare.note("a message seen, and not leased at once after all")
        return answer

    def _step(self, transact: Callable[[], T]) -> T:
        """Do one transaction, after others came between this and the one before."""
        if self._is_stepping:
            return transact()
        call = self._call
        if self._inside is None:
            self._world.before_step(self._actor)
        self._is_stepping = True
        try:
            result = transact()
        except Exception as error:
            if call is not None:
                call.follow(error)
            raise
        finally:
            self._is_stepping = False
        if call is not None:
            call.follow(result)
        if self._inside is None:
            if call is not None and call.verb == "lease" and (granted := _granted(result)):
                # whoever vanishes before it is told has leased all the same
                self._world.judge("lease", call.arguments, COMPARED["lease"](granted))
            self._world.after_step(call, result)
        return result


def _granted(result: Any) -> tuple[list[LeasedRow], list[Hold]] | None:  # noqa: ANN401 - of any transaction
    """Return the leases of a transaction, if it is one that leased."""
    if not isinstance(result, tuple):
        return None
    return result if isinstance(result[0], list) else ([LeasedRow._make(result)], [])


def _outcome(outcome: Outcome) -> Done:
    missed = [one.id for one in outcome.missed]
    if outcome.missed_count > len(missed):
        missed = [0] * outcome.missed_count
    return Done(outcome.operation, outcome.done, outcome.done_ids, named(missed), outcome.moved_on)


def _lease(answer: tuple[list[LeasedRow], list[Hold]]) -> tuple[list[Leased], list[Hold]]:
    rows, lost = answer
    return [Leased._make(_LEASED(row)) for row in rows], sorted(lost)


def _same(answer: object) -> object:
    return answer


COMPARED: dict[str, Callable[[Any], object]] = {
    **dict.fromkeys(("enqueue", "enqueue_many", "next_due", "requeue", "bury", "recover", "held_by"), _same),
    **dict.fromkeys(("size", "drop", "last_undoable"), _same),
    **dict.fromkeys(("ack", "release"), sorted),
    **dict.fromkeys(("act", "edit", "undo", "purge", "pause", "resume", "set_policy"), _outcome),
    "lease": _lease,
    "prune": attrgetter("total"),
    "extend": lambda answer: (answer[0], sorted(answer[1])),
    "page": lambda rows: [row.id for row in rows],
}
"""The verbs that are compared, each with what is compared of its answer."""
