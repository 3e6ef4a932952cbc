"""What is public passes between processes: a queue as its location and options, values as they are."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
from array import array
from typing import TYPE_CHECKING

import pytest

import smq_core
from smq_core import (
    ActivityEntry,
    Attempt,
    Backoff,
    Bury,
    DaemonDeath,
    ErrorKind,
    Filter,
    Inspector,
    InvalidLine,
    InvalidMessage,
    Lease,
    LeaseLost,
    Message,
    MessageNotFound,
    Missed,
    NotAQueue,
    NotDurable,
    Outcome,
    OutcomeUnknown,
    Pruned,
    Queue,
    Retry,
    SchemaTooNew,
    Seen,
    Selection,
    SmqError,
    State,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
    SystemClock,
    TopicPolicy,
    TopicSample,
    TopicStats,
    UsageError,
    WorkerInfo,
)
from smq_core.message import Receipt
from smq_core.store.frozen import Frozen
from smq_core.testing import ManualClock, seeded_random

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import SpawnContext
    from pathlib import Path

MESSAGE = Message(7, "mail", {"a": [1, None]}, headers={"b": "c"}, key="k", state=State.PROCESSING)
LEASE = Lease(MESSAGE, Receipt(5), 1.5)
ENTRY = ActivityEntry(operation=3, at=1.0, actor="ann", action="pause", topic="mail")
VALUES: tuple[object, ...] = (
    MESSAGE,
    LEASE,
    ENTRY,
    Attempt(message_id=7, attempt=1, at=1.0, outcome="bury", error="boom"),
    Backoff(1.0, 3.0, 9.0),
    DaemonDeath(id="w", at=1.0, topics=("mail", "web.*"), returned=2, heard_at=0.5),
    ErrorKind(topic="mail", error_kind="boom", count=2, first=1.0, last=2.0),
    Filter(error="boom", min_attempts=2),
    Missed(7, "it is gone"),
    Outcome(operation=4, done=1, missed=(Missed(7, "it is gone"),), undone=ENTRY),
    Pruned(done=3, trash=1),
    Selection(topic="mail", state=State.DEAD, where=Filter(text="x"), max_id=9),
    Seen(State.DEAD, 3, 4),
    Selection(state=State.DEAD, frozen=Frozen(array("q", [7]), (Seen(State.DEAD, 3),), array("I", [0]))),
    State.DEAD,
    SystemClock(),
    TopicPolicy(max_attempts=3, backoff=Backoff(1.0, 3.0, 9.0)),
    TopicSample(at=1.0, topic="mail", entered=1, processed=1, depth=0),
    TopicStats(topic="mail", ready=3, paused=True),
    WorkerInfo(
        id="w",
        host="h",
        pid=1,
        version="1",
        state="running",
        started_at=1.0,
        heartbeat_at=1.0,
        heartbeat_age_s=0.5,
    ),
    smq_core.parse_location("/srv/queue"),
)
ERRORS: tuple[Exception, ...] = (
    Bury("no such account"),
    Retry(delay=5.0, why="later"),
    SmqError("x"),
    *(LeaseLost([LEASE], verb) for verb in ("ack", "extend", "requeue", "release", "bury")),
    LeaseLost([LEASE, LEASE]),
    MessageNotFound(5),
    InvalidMessage("x"),
    InvalidLine(3, "no JSON"),
    UsageError("x"),
    StoreError("x"),
    StoreBusy("x"),
    StoreUnavailable("x"),
    NotDurable("flushing failed", [1, 2]),
    OutcomeUnknown("committing failed"),
    StoreCorrupt("x"),
    SchemaTooNew("x"),
    NotAQueue("x"),
)
BELONG_TO_A_THREAD_OR_A_PROCESS = {"Clock", "HandlerMessage", "Inspector", "Queue", "Transaction", "Waiter"}
COPIES: dict[str, Callable[[object], object]] = {
    **{
        f"pickle {protocol}": lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))  # type: ignore[misc]  # noqa: S301 - our own bytes
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("made", COPIES)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_the_same_afterwards(value: object, made: str) -> None:
    same = COPIES[made](value)

    assert type(same) is type(value)
    assert same == value or isinstance(value, SystemClock)


@pytest.mark.parametrize("made", COPIES)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_says_and_carries_the_same_afterwards(error: Exception, made: str) -> None:
    same = COPIES[made](error)

    assert (type(same), str(same), vars(same)) == (type(error), str(error), vars(error))


def test_every_public_value_and_error_is_among_them() -> None:
    public = {name for name in smq_core.__all__ if isinstance(getattr(smq_core, name), type)}
    # each backend has a location of its own: SQLite's is tried
    tried = {type(one).__name__ for one in (*VALUES, *ERRORS)} | {"Location"}

    assert public - tried == BELONG_TO_A_THREAD_OR_A_PROCESS


def send(queue: Queue, inspector: Inspector) -> None:
    """Do what a process does that was handed both."""
    (lease,) = queue.dequeue("to the child")
    queue.enqueue("from the child", [os.getpid(), lease.message.worker])
    inspector.pause("from the child")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_a_queue_is_handed_to_a_process_however_it_is_started(location: str, method: str) -> None:
    with Queue(location, worker="given") as queue, Inspector(location, actor="ann") as inspector:
        queue.enqueue("to the child", "hello")
        context: SpawnContext = multiprocessing.get_context(method)  # type: ignore[assignment]  # one of three
        process = context.Process(target=send, args=(queue, inspector))
        process.start()
        process.join()

        assert process.exitcode == 0
        assert inspector.browse("from the child")[0].payload == [process.pid, "given"]
        assert [entry.actor for entry in inspector.activity()] == ["ann"]


@pytest.mark.parametrize("made", COPIES)
def test_a_queue_keeps_its_options_and_opens_for_itself(location: str, clock: ManualClock, made: str) -> None:
    clock.advance(5)
    with Queue(
        location, durability="normal", visibility_timeout=7, clock=clock, timeout=3, worker="given"
    ) as queue:
        queue.enqueue("mail", "hello")
        same = COPIES[made](queue)
        assert isinstance(same, Queue)
        queue.close()
        with same:
            (lease,) = same.dequeue("mail")

        assert same.location == location
        assert (lease.locked_until, lease.message.worker) == (clock.now_ms() / 1000 + 7, "given")
        assert same._options == queue._options


@pytest.mark.parametrize("made", COPIES)
def test_an_inspector_keeps_its_options(location: str, made: str) -> None:
    with Queue(location) as queue:
        queue.enqueue("mail", "hello")
    with Inspector(location, read_only=True, actor="ann") as inspector:
        same = COPIES[made](inspector)
        assert isinstance(same, Inspector)
        with same:
            assert same.get(1).payload == "hello"
            with pytest.raises(UsageError, match="read-only"):
                same.pause("mail")


def test_a_relative_location_is_the_same_file_in_a_process_that_stands_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps(Queue("q.sqlite3"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    with pickle.loads(pickled) as same:  # noqa: S301 - our own bytes
        same.enqueue("mail", "hello")

    assert same.location == str(tmp_path / "q.sqlite3")
    assert (tmp_path / "q.sqlite3").exists()


def test_two_copies_draw_receipts_of_their_own(location: str) -> None:
    """A seeded source in both would give one the other's receipts."""
    with Queue(location, random=seeded_random()) as queue, copy.copy(queue) as same:
        queue.enqueue_many("mail", ["a", "b"])
        receipts = {one.dequeue("mail")[0].receipt for one in (queue, same)}

    assert len(receipts) == 2


class LocalClock(SystemClock):
    """A clock that holds what cannot be pickled."""

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = lambda: 0


@pytest.mark.parametrize("kind", [Queue, Inspector])
def test_a_clock_that_cannot_be_pickled_is_named(location: str, kind: type[Queue | Inspector]) -> None:
    with (
        kind(location, clock=LocalClock()) as opened,
        pytest.raises(UsageError, match=rf"this {kind.__name__} cannot be .* its clock cannot be pickled"),
    ):
        pickle.dumps(opened)


@pytest.mark.parametrize("made", COPIES)
def test_what_belongs_to_a_thread_says_so(queue: Queue, made: str) -> None:
    with queue.transaction() as transaction:
        with pytest.raises(UsageError, match="a transaction cannot be pickled or copied"):
            COPIES[made](transaction)
        # the queue itself has nothing of it
        assert isinstance(COPIES[made](queue), Queue)
    with queue.waiter("mail") as waiter, pytest.raises(UsageError, match="a waiter cannot be pickled"):
        COPIES[made](waiter)
