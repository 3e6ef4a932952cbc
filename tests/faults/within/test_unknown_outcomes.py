"""A commit that fails while it is written: the caller is told that nobody knows whether it is in.

The story: SQLite wrote a commit's frames, or some of them, and then the disk failed. It takes the transaction
back for those who look now; but a crash before the next commit finds the frames whole, and brings it back.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from smq_core import NotDurable, OutcomeUnknown, Queue, StoreUnavailable
from tests.faults.below.vfs import observed
from tests.faults.below.vfs_faults import FAILURES, Injector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.matrix import Fault

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the flush is another call"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
commit_that_fails = pytest.mark.fault(
    row="a commit that fails while it is being written",
    part="below SQLite",
    promise="an error tells the caller that the outcome is unknown, and which ids it concerns; the write "
    "may reappear after a crash",
    how="SQLite's write or sync of the commit's frames returns EIO (VFS)",
)

AFTER_THE_HEADER = 2
"""The sync of the frames: a new -wal's header has one of its own."""


@pytest.fixture
def injector() -> Iterator[Injector]:
    made = Injector()
    with observed(made):
        yield made


@pytest.fixture
def queue(location: str, injector: Injector) -> Iterator[Queue]:
    """Give a queue whose next durable commit is a full one: it writes and syncs."""
    assert injector.struck == 0
    with Queue(location) as opened:
        opened.size("mail")
        yield opened


def add_in_a_transaction(queue: Queue) -> None:
    """Add two messages by the caller's own transaction."""
    with queue.transaction() as transaction:
        transaction.enqueue_many("mail", ["a", "b"])


ADDING: dict[str, tuple[Callable[[Queue], object], tuple[int, ...]]] = {
    # one statement is its own transaction: whether it was added before the commit failed, is not known
    "enqueue": (lambda queue: queue.enqueue("mail", "a"), ()),
    "enqueue with a key": (lambda queue: queue.enqueue("mail", "a", key="k"), (1,)),
    "enqueue_many": (lambda queue: queue.enqueue_many("mail", ["a", "b"]), (1, 2)),
    "transaction": (add_in_a_transaction, (1, 2)),
}


@commit_that_fails
@pytest.mark.parametrize("failure", ["write", "sync"])
@pytest.mark.parametrize("verb", sorted(ADDING))
def test_a_commit_that_the_disk_fails_has_an_unknown_outcome(
    queue: Queue, injector: Injector, fault: Fault, verb: str, failure: str
) -> None:
    add, ids = ADDING[verb]
    with injector.armed(FAILURES[failure], 1, stays=False), pytest.raises(OutcomeUnknown) as caught:
        add(queue)

    assert caught.value.ids == ids
    assert "before you repeat the write" in str(caught.value)
    assert queue.size("mail") == 0
    fault.struck(injector.struck)
    fault.ran()


@commit_that_fails
def test_a_crash_brings_back_what_could_not_be_synced(
    queue: Queue, injector: Injector, fault: Fault, tmp_path: Path
) -> None:
    """This is why its outcome counts as unknown."""
    with injector.armed(FAILURES["sync"], AFTER_THE_HEADER, stays=False), pytest.raises(OutcomeUnknown):
        queue.enqueue("mail", "a")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in ("queue.sqlite3", "queue.sqlite3-wal"):
        shutil.copyfile(tmp_path / name, crashed / name)

    with Queue(crashed / "queue.sqlite3") as found:
        assert found.size("mail") == 1
    fault.struck(injector.struck)
    fault.ran()


@commit_that_fails
def test_what_is_written_again_after_an_unknown_outcome_is_there_once(
    queue: Queue, injector: Injector, fault: Fault, tmp_path: Path
) -> None:
    with injector.armed(FAILURES["sync"], AFTER_THE_HEADER, stays=False), pytest.raises(OutcomeUnknown):
        queue.enqueue("mail", "a")
    assert queue.size("mail") == 0
    queue.enqueue("mail", "a")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for name in ("queue.sqlite3", "queue.sqlite3-wal"):
        shutil.copyfile(tmp_path / name, crashed / name)

    with Queue(crashed / "queue.sqlite3") as found:
        assert found.size("mail") == 1
    fault.struck(injector.struck)
    fault.ran()


def go_on_after_a_failure(queue: Queue, injector: Injector) -> None:
    """Add more than the cache holds to a full disk, and leave the transaction as if that had gone well."""
    with queue.transaction() as transaction:
        transaction.execute("PRAGMA cache_size = 10")
        with injector.armed(FAILURES["disk full"], 1, stays=True), pytest.raises(StoreUnavailable):
            transaction.enqueue_many("mail", [b"x" * 10_000] * 100)


@commit_that_fails
def test_a_transaction_that_sqlite_rolled_back_is_told_at_its_end_too(
    queue: Queue, injector: Injector, fault: Fault
) -> None:
    """Whoever caught the failure inside would think that the rest had been written."""
    with pytest.raises(StoreUnavailable, match="none of it was written"):
        go_on_after_a_failure(queue, injector)

    assert queue.size("mail") == 0
    fault.struck(injector.struck)
    fault.ran()


@commit_that_fails
def test_a_full_disk_is_known_to_have_taken_nothing(queue: Queue, injector: Injector, fault: Fault) -> None:
    with (
        injector.armed(FAILURES["disk full"], 1, stays=False),
        pytest.raises(StoreUnavailable, match="free disk space") as caught,
    ):
        queue.enqueue_many("mail", ["a", "b"])

    assert not isinstance(caught.value, OutcomeUnknown | NotDurable)
    assert queue.size("mail") == 0
    fault.struck(injector.struck)
    fault.ran()
