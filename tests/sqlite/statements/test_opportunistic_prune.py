"""A program with no daemon beside it prunes in passing: a little after its own writes, holding nobody up."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Pruned, Queue, StoreBusy
from smq_core.store import open_store
from smq_core.store.records import WorkerRow
from smq_core.store.sqlite.queue.opportunistic_prune import LOOK_EVERY_S, REST, OpportunisticPrune
from smq_core.store.sqlite.queue.prune import STEP_BYTES, STEP_ROWS, Pruner
from smq_core.testing import EPOCH_MS, ManualClock, make_message
from tests.sqlite_session import session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core.store.base import Store

KEEP_S = 60.0
DAY_S = 86_400.0


class Program:
    """A program that only uses the library, and what its database keeps."""

    def __init__(self, location: str, clock: ManualClock) -> None:
        self.clock = clock
        self.queue = Queue(location, clock=clock)
        self.inspector = Inspector(location, clock=clock)

    def leave_history(self, many: int) -> None:
        """Have messages that are past their time."""
        self.inspector.set_policy("mail", keep=KEEP_S)
        self.queue.enqueue_many("mail", ["x"] * many)
        while leases := self.queue.dequeue("mail", limit=500):
            self.queue.ack_many(leases)
        self.clock.advance(KEEP_S + 1)

    @property
    def kept(self) -> int:
        """The finished messages of its history."""
        return self.inspector.topic("mail").done


@pytest.fixture
def program(location: str, clock: ManualClock) -> Iterator[Program]:
    """Give a program."""
    made = Program(location, clock)
    yield made
    made.queue.close()
    made.inspector.close()


WRITES: dict[str, Callable[[Program], object]] = {
    "enqueue": lambda program: program.queue.enqueue("other", 1),
    "enqueue_many": lambda program: program.queue.enqueue_many("other", [1, 2]),
    "a batch with keys": lambda program: program.queue.enqueue_many("other", [1], keys=["a"]),
    "dequeue": lambda program: program.queue.dequeue("work"),
    "an ack": lambda program: program.queue.ack_many(program.queue.dequeue("work")),
    "a pause": lambda program: program.inspector.pause("other"),
    "a delete": lambda program: program.inspector.delete([1]),
    "a policy": lambda program: program.inspector.set_policy("other", keep=1),
}


@pytest.mark.parametrize("write", WRITES)
def test_any_write_prunes_a_little(program: Program, write: str) -> None:
    program.queue.enqueue("work", "for a lease")
    program.leave_history(STEP_ROWS * 3)
    before = program.kept
    WRITES[write](program)

    assert STEP_ROWS <= before - program.kept < 3 * STEP_ROWS


def test_what_a_program_keeps_does_not_grow_without_end(program: Program) -> None:
    """Where its writes are many, its history is what its topics keep; the trash and the activity too."""
    program.leave_history(950)
    program.inspector.delete(program.queue.enqueue_many("mail", ["spam"] * 250))
    program.clock.advance(DAY_S)
    for _ in range(15):
        program.queue.enqueue("mail", "hello")
        program.queue.ack_many(program.queue.dequeue("mail"))
    program.inspector.pause("other")

    stats = program.inspector.topic("mail")
    assert (stats.done, stats.deleted) == (15, 0)


READS: dict[str, Callable[[Program], object]] = {
    "size": lambda program: program.queue.size("mail"),
    "a dequeue of nothing": lambda program: program.queue.dequeue("nothing"),
    "topics": lambda program: program.inspector.topics(),
    "browse": lambda program: program.inspector.browse("mail"),
    "activity": lambda program: program.inspector.activity(),
    "an action on nothing": lambda program: program.inspector.delete([]),
}


@pytest.mark.parametrize("read", READS)
def test_no_reader_prunes(program: Program, read: str) -> None:
    program.leave_history(STEP_ROWS)
    READS[read](program)

    assert program.kept == STEP_ROWS


def test_a_callers_own_transaction_prunes_nothing_and_the_next_write_does(program: Program) -> None:
    program.leave_history(STEP_ROWS)
    with program.queue.transaction() as transaction:
        transaction.enqueue("other", 1)
        transaction.enqueue_many("other", [1, 2])
        program.queue.ack_many(program.queue.dequeue("other"))
        assert transaction.execute("SELECT count(*) FROM smq_messages WHERE status = 'done'") == [
            (STEP_ROWS,)
        ]
    assert program.kept == STEP_ROWS
    program.queue.enqueue("other", 1)

    assert program.kept == 0


def test_large_messages_are_pruned_by_their_bytes(program: Program) -> None:
    program.inspector.set_policy("mail", keep=KEEP_S)
    program.queue.enqueue_many("mail", ["x" * (STEP_BYTES * 2 // 3)] * 5)
    program.queue.ack_many(program.queue.dequeue("mail", limit=5))
    program.clock.advance(KEEP_S + 1)
    program.queue.enqueue("other", 1)

    assert program.kept == 3


@pytest.fixture
def store(location: str, clock: ManualClock) -> Iterator[Store]:
    """Give a store as programs have it."""
    made = open_store(location, clock=clock, prunes_opportunistically=True)
    yield made
    made.close()


def spam(store: Store, many: int) -> None:
    """Have messages in the trash that are past their time."""
    ids = [store.enqueue(make_message(), EPOCH_MS) for _ in range(many)]
    targets = dict.fromkeys(ids)
    store.act("delete", targets, to=None, force=False, actor="ann", now_ms=EPOCH_MS)


@pytest.mark.parametrize(("age_s", "left"), [(1, 3), (14, 3), (-14, 3), (16, 0), (-16, 0)])
def test_where_a_daemon_lives_it_is_left_to_that(
    store: Store, clock: ManualClock, age_s: float, left: int
) -> None:
    """One that was silent for 15 s may have ended, and a heartbeat far ahead is that of a wrong clock."""
    spam(store, 3)
    clock.advance(2 * DAY_S)
    heartbeat = clock.now_ms() - round(age_s * 1000)
    row = WorkerRow(
        id="w", host="h", pid=1, version="1", state="running", started_at=1, heartbeat_at=heartbeat
    )
    store.put_worker(row)
    store.enqueue(make_message(), clock.now_ms())

    assert store.topic("mail", clock.now_ms()).deleted == left


def test_nobody_is_waited_for(location: str, store: Store, clock: ManualClock) -> None:
    """Whoever has the write lock is left alone, and what there is to prune is left for the next step."""
    spam(store, 3)
    clock.advance(2 * DAY_S)
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with Queue(location) as other, other.transaction():
            held.set()
            go.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    removed = Pruner(session_of(store)).prune_if_idle(clock.now_ms())
    go.set()
    holder.join()

    assert (removed, store.topic("mail", clock.now_ms()).deleted) == (Pruned(), 3)


def step_if_due(opportunistic: OpportunisticPrune, clock: ManualClock) -> None:
    """Do what a session does after a write."""
    if clock.monotonic() >= opportunistic.due_at:
        opportunistic.step()


class Steps:
    """What is pruned in passing, as a test wants it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.prune_in_steps = OpportunisticPrune(clock, self.prune)
        self.at: list[float] = []
        self.takes_s = 0.0
        self.removes = 0
        self.failure: Exception | None = None

    def prune(self, now_ms: int) -> Pruned:
        """Take as long, and remove as much or fail, as the test wants it."""
        self.at.append(self.clock.monotonic())
        # what it writes itself is a write too
        step_if_due(self.prune_in_steps, self.clock)
        self.clock.advance(self.takes_s)
        if self.failure is not None:
            raise self.failure
        assert now_ms >= EPOCH_MS
        return Pruned(done=self.removes)

    def write_each(self, seconds: float, times: int) -> list[float]:
        """Write now and then; return when something was pruned."""
        for _ in range(times):
            step_if_due(self.prune_in_steps, self.clock)
            self.clock.advance(seconds)
        return self.at


@pytest.fixture
def steps(clock: ManualClock) -> Steps:
    """Give steps that remove nothing."""
    return Steps(clock)


def test_it_is_looked_at_the_first_write_and_every_ten_seconds(steps: Steps) -> None:
    assert steps.write_each(1.0, 25) == [0.0, LOOK_EVERY_S, 2 * LOOK_EVERY_S]


def test_while_there_is_something_to_prune_a_third_of_the_time_goes_into_it(steps: Steps) -> None:
    steps.removes, steps.takes_s = 100, 1.0

    assert steps.write_each(0.5, 10) == [0.0, 1.0 + REST, 2 * (1.0 + REST)]


@pytest.mark.parametrize("failure", [StoreBusy("others held it"), MemoryError("no room")])
def test_what_fails_in_passing_is_logged_and_tried_again_later(
    steps: Steps, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    steps.failure = failure
    with caplog.at_level(logging.WARNING, logger="smq_core"):
        assert steps.write_each(1.0, 12) == [0.0, LOOK_EVERY_S]

    assert [record.getMessage() for record in caplog.records] == [
        f"opportunistic pruning failed and will be retried in 10 s: {failure}"
    ] * 2


def test_an_interrupt_of_a_step_does_not_end_them_for_good(clock: ManualClock) -> None:
    def interrupted(_now_ms: int) -> Pruned:
        raise KeyboardInterrupt

    opportunistic = OpportunisticPrune(clock, interrupted)
    with pytest.raises(KeyboardInterrupt):
        step_if_due(opportunistic, clock)
    step_if_due(opportunistic, clock)
    clock.advance(LOOK_EVERY_S)
    with pytest.raises(KeyboardInterrupt):
        step_if_due(opportunistic, clock)
