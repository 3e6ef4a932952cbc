"""Durability outside the lock: what `enqueue` returned survives a crash of the machine.

The story: a commit without a flush, the turn given back, then the flush, then the return. Each condition
under which that is as good as a commit with a flush has its test here.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, NotDurable, Queue, StoreUnavailable
from smq_core.store.sqlite.admin import tidy
from smq_core.store.sqlite.wal import checkpoints
from smq_core.store.sqlite.wal.checkpoints import Checkpoints
from tests.faults.recording import recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.recording import Recorder
    from tests.matrix import Fault

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the flush is another call")
flush_that_fails = pytest.mark.fault(
    row="a failed flush",
    part="below SQLite",
    promise="an error tells the caller that the write might not be durable; later messages are durable",
    how="fdatasync of the -wal file returns EIO",
)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording() as made:
        yield made


@pytest.fixture
def queue(location: str, recorder: Recorder) -> Iterator[Queue]:
    """Give a queue that has made its first commit, below which everything is recorded."""
    with Queue(location) as opened:
        opened.enqueue("mail", "first")
        recorder.during()
        yield opened


def test_an_enqueue_commits_gives_the_turn_back_flushes_and_returns(queue: Queue, recorder: Recorder) -> None:
    queue.enqueue("mail", "hello")

    assert recorder.during() == ["take", "write", "give", "flush"]


def test_the_first_commit_of_a_connection_is_a_full_one_inside_its_turn(
    location: str, recorder: Recorder
) -> None:
    """SQLite syncs the -wal's folder with a connection's first sync of it, which our flush cannot."""
    with Queue(location) as opened:
        opened.size("mail")
        recorder.during()
        opened.enqueue("mail", "hello")
        first = recorder.during()
        opened.enqueue("mail", "hello")

        assert first[0] == "take"
        assert first[-2:] == ["give", "flush"]
        assert "sync" in first[first.index("write") : first.index("give")]
        assert "sync" not in recorder.during()


def test_a_held_key_is_flushed_too_before_its_holder_s_id_is_answered(
    queue: Queue, recorder: Recorder
) -> None:
    """The holder's own enqueue may not have returned yet."""
    queue.enqueue("mail", "hello", key="k")
    recorder.during()
    queue.enqueue("mail", "hello", key="k")

    assert recorder.during()[-2:] == ["give", "flush"]


def test_a_commit_that_wrote_nothing_was_no_full_one(queue: Queue, recorder: Recorder) -> None:
    """It syncs nothing, and the -wal may be new."""
    with Inspector(queue.location) as inspector:
        inspector.delete([99])
        recorder.during()
        inspector.delete([1])

    assert "sync" in recorder.during()


RESCUE = ["give", "take", "write again", "flush", "give"]
"""What follows a failed flush; a wait for the turn begins by giving it back."""
DURABLE: dict[str, Callable[[Queue, Inspector], object]] = {
    "enqueue_many": lambda queue, _: queue.enqueue_many("mail", ["a", "b"]),
    "enqueue_many with keys": lambda queue, _: queue.enqueue_many("mail", ["a", "b"], keys=["k", "k"]),
    "delete": lambda _, inspector: inspector.delete([1]),
    "edit": lambda _, inspector: inspector.edit(1, priority=1),
    "pause": lambda _, inspector: inspector.pause("mail"),
    "set_policy": lambda _, inspector: inspector.set_policy("mail", max_attempts=3),
    "purge": lambda _, inspector: inspector.purge("mail", "dead"),
    "undo": lambda _, inspector: inspector.undo("last"),
}


@pytest.mark.parametrize("verb", sorted(DURABLE))
def test_producers_and_operators_wait_for_their_flush(queue: Queue, recorder: Recorder, verb: str) -> None:
    with Inspector(queue.location) as inspector:
        inspector.bury([1])
        recorder.during()
        DURABLE[verb](queue, inspector)

        assert recorder.during()[-2:] in (["give", "flush"], ["write", "flush"])


def test_consumers_do_not_wait_for_a_flush(queue: Queue, recorder: Recorder) -> None:
    """A lost ack is a repeat."""
    queue.enqueue_many("mail", ["x"] * 4)
    recorder.during()
    first, second, third, fourth = queue.dequeue("mail", limit=4)
    queue.ack(first)
    queue.requeue(second, delay=0)
    queue.release(queue.extend(third))
    queue.bury(fourth)

    assert "flush" not in recorder.during()


def test_nobody_waits_for_a_flush_with_normal_durability(location: str, recorder: Recorder) -> None:
    with Queue(location, durability="normal") as queue:
        queue.enqueue("mail", "hello")
        recorder.during()
        queue.enqueue("mail", "hello")

        assert recorder.during() == ["take", "write", "give"]


def test_a_transaction_is_flushed_once_at_its_end(queue: Queue, recorder: Recorder) -> None:
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "a")
        transaction.enqueue("mail", "b")
        assert "flush" not in recorder.events

    assert recorder.during() == ["take", "write", "give", "flush"]


def test_each_producer_flushes_once_for_itself(queue: Queue, recorder: Recorder) -> None:
    for _ in range(3):
        queue.enqueue("mail", "hello")

    assert recorder.events.count("flush") == 3


@flush_that_fails
def test_what_could_not_be_flushed_is_told_written_again_and_flushed_before_the_call_ends(
    queue: Queue, recorder: Recorder, fault: Fault
) -> None:
    """The system tells a failed flush once and calls the pages clean: a second try would write nothing.

    It is told although the second one went well, as a page may have been dropped before it was read again.
    """
    recorder.flushes_to_fail = 1
    with pytest.raises(StoreUnavailable, match="stored, but may not survive"):
        queue.enqueue("mail", "hello")

    assert recorder.during() == ["take", "write", "give", "flush", *RESCUE]
    assert queue.size("mail") == 2
    counted(fault, recorder)


@flush_that_fails
def test_a_failed_flush_says_that_the_message_is_stored_and_maybe_not_durable(
    queue: Queue, recorder: Recorder, fault: Fault
) -> None:
    recorder.flushes_to_fail = 2
    with pytest.raises(StoreUnavailable, match="stored, but may not survive"):
        queue.enqueue("mail", "hello")

    assert queue.size("mail") == 2
    counted(fault, recorder)


def add_in_a_transaction(queue: Queue) -> None:
    """Add one message, and then two."""
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "a")
        transaction.enqueue_many("mail", ["b", "c"])


ADDING: dict[str, Callable[[Queue], object]] = {
    "enqueue": lambda queue: queue.enqueue("mail", "a"),
    "enqueue with a key": lambda queue: queue.enqueue("mail", "a", key="k"),
    "enqueue with a held key": lambda queue: queue.enqueue("mail", "b", key="held"),
    "enqueue_many": lambda queue: queue.enqueue_many("mail", ["a", "b", b"c"]),
    "enqueue_many with keys": lambda queue: queue.enqueue_many("mail", ["a", "b"], keys=[None, "held"]),
    "transaction": add_in_a_transaction,
}
ADDED = {
    "enqueue": (3,),
    "enqueue with a key": (3,),
    "enqueue with a held key": (2,),
    "enqueue_many": (3, 4, 5),
    "enqueue_many with keys": (3, 2),
    "transaction": (3, 4, 5),
}


@flush_that_fails
@pytest.mark.parametrize("verb", sorted(ADDING))
def test_the_error_of_a_failed_flush_carries_the_ids_that_the_call_would_have_returned(
    queue: Queue, recorder: Recorder, fault: Fault, verb: str
) -> None:
    queue.enqueue("mail", "held", key="held")
    recorder.flushes_to_fail = 2
    with pytest.raises(NotDurable) as caught:
        ADDING[verb](queue)

    assert caught.value.ids == ADDED[verb]
    assert "do not repeat the write" in str(caught.value)
    with Inspector(queue.location) as inspector:
        assert all(inspector.get(one).state == "ready" for one in caught.value.ids)
    counted(fault, recorder)


@flush_that_fails
def test_what_an_operator_did_without_a_flush_is_told_as_done(
    queue: Queue, recorder: Recorder, fault: Fault
) -> None:
    with Inspector(queue.location) as inspector:
        inspector.pause("other")
        recorder.flushes_to_fail = 2
        with pytest.raises(NotDurable, match="what was written is stored"):
            inspector.delete([1])

        assert inspector.get(1).state == "deleted"
    counted(fault, recorder)


@flush_that_fails
def test_nothing_is_written_behind_what_could_not_be_flushed(
    queue: Queue, recorder: Recorder, fault: Fault
) -> None:
    """What comes after a frame that is not on the disk would be lost with it."""
    recorder.flushes_to_fail = 2
    with pytest.raises(StoreUnavailable):
        queue.enqueue("mail", "hello")
    recorder.during()
    queue.enqueue("mail", "hello")

    assert recorder.during() == [*RESCUE, "take", "write", "give", "flush"]
    assert queue.size("mail") == 3
    counted(fault, recorder)


@flush_that_fails
def test_a_flush_that_goes_on_failing_goes_on_being_told(
    queue: Queue, recorder: Recorder, fault: Fault
) -> None:
    recorder.flushes_to_fail = 4
    with pytest.raises(StoreUnavailable, match="stored, but may not survive"):
        queue.enqueue("mail", "hello")
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="nothing was written; check the disk"):
            queue.enqueue("mail", "hello")

    assert queue.size("mail") == 2
    counted(fault, recorder)


@flush_that_fails
def test_what_could_not_be_flushed_is_not_copied_back_over_the_database(
    queue: Queue, recorder: Recorder, fault: Fault
) -> None:
    """A copy cut off by a crash of the machine would leave neither it nor what it was copied over."""
    recorder.flushes_to_fail = 3
    with pytest.raises(StoreUnavailable):
        queue.enqueue("mail", "hello")
    with nothing_copied_back(queue), pytest.raises(StoreUnavailable):
        queue._store.tidy()
    counted(fault, recorder)


@flush_that_fails
@pytest.mark.parametrize("copy", ["checkpoint", "truncate"])
def test_what_sqlite_could_not_flush_before_a_copy_is_written_again_at_once(
    queue: Queue, recorder: Recorder, fault: Fault, monkeypatch: pytest.MonkeyPatch, copy: str
) -> None:
    """It too is told once; the next copy's flush would find nothing to write."""
    if copy == "truncate":
        monkeypatch.setattr(Checkpoints, "run", lambda *_: None)
        monkeypatch.setattr(tidy, "TRUNCATE_BYTES", 0)
    recorder.syncs_to_fail = 1
    with pytest.raises(StoreUnavailable, match="check the disk"):
        queue._store.tidy()

    assert recorder.during() == ["sync", *RESCUE]
    counted(fault, recorder)


@flush_that_fails
def test_what_sqlite_could_not_flush_is_not_copied_back_by_a_close_either(
    queue: Queue, recorder: Recorder, fault: Fault
) -> None:
    recorder.syncs_to_fail, recorder.flushes_to_fail = 1, 1
    with nothing_copied_back(queue), pytest.raises(StoreUnavailable, match="check the disk"):
        queue._store.tidy()
    counted(fault, recorder)


@flush_that_fails
def test_a_copy_that_fails_after_a_lease_costs_only_the_copy(
    queue: Queue, recorder: Recorder, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b"x" * 1_000_000
    queue.enqueue("mail", large)
    monkeypatch.setattr(checkpoints, "CHECKPOINT_PAGES", 1)
    monkeypatch.setattr(checkpoints, "CONSUMERS_PAGES", 0)
    with Queue(queue.location) as consumer:
        recorder.syncs_to_fail = 1
        leases = consumer.dequeue("mail", limit=2)

    assert [lease.message.payload for lease in leases] == ["first", large]
    counted(fault, recorder)


@contextmanager
def nothing_copied_back(queue: Queue) -> Iterator[None]:
    """See that neither what is done nor the close after it changes the database or drops the -wal."""
    before = Path(queue.location).read_bytes()
    yield
    queue.close()

    assert Path(queue.location).read_bytes() == before
    assert Path(queue.location + "-wal").stat().st_size > 0


def counted(fault: Fault, recorder: Recorder) -> None:
    """Count the flushes that failed, each followed by its check."""
    fault.struck(recorder.failed)
    fault.ran(recorder.failed)
