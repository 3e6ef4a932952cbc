"""A database that is moved or replaced under those who flush nothing: consumers, readers, fast producers.

The story: an operator renames the database, and the consumers go on with the file that nobody else finds.
They look once a millisecond; here each call looks.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import apsw
import pytest

from smq_core import Inspector, LeaseLost, NotAQueue, Queue, StoreUnavailable, dequeueing
from smq_core.store.sqlite import place, waiting
from smq_core.store.sqlite.settings import Settings
from tests.faults.invariant import assert_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core import Lease

COMPANIONS = ("", "-wal", "-shm")
AWAY = "away.sqlite3"


class Desk(NamedTuple):
    """A consumer that holds a lease, an operator, and where their database lies."""

    queue: Queue
    operator: Inspector
    reader: Inspector
    held: Lease
    another: Path
    """Where another queue lies."""

    @property
    def path(self) -> Path:
        """Where it lies, or lay."""
        return Path(self.queue.location)


@pytest.fixture
def desk(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give what is open on a database in a folder of its own."""
    monkeypatch.setattr(place, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(place, "GRACE_S", 0.0)
    folder = tmp_path / "folder"
    folder.mkdir()
    path = Path(shutil.copyfile(template, folder / "queue.sqlite3"))
    another = Path(shutil.copyfile(template, tmp_path / "another.sqlite3"))
    with Queue(another, durability="normal") as other:
        other.enqueue("mail", "of the other")
    with (
        Queue(path, durability="normal") as queue,
        Inspector(path) as operator,
        Inspector(path, read_only=True) as reader,
    ):
        queue.enqueue_many("mail", ["first", "second"])
        (held,) = queue.dequeue("mail")
        operator.topics()
        reader.topics()
        yield Desk(queue, operator, reader, held, another)


def into_a_transaction(desk: Desk) -> int:
    """Enqueue in a transaction of its own."""
    with desk.queue.transaction() as transaction:
        return transaction.enqueue("mail", "new")


WRITES: dict[str, Callable[[Desk], object]] = {
    "enqueue": lambda desk: desk.queue.enqueue("mail", "new"),
    "enqueue_many": lambda desk: desk.queue.enqueue_many("mail", ["new"]),
    "transaction": into_a_transaction,
    "dequeue": lambda desk: desk.queue.dequeue("mail"),
    "dequeue with a wait": lambda desk: desk.queue.dequeue("mail", wait=50.0),
    "dequeue with an ack": lambda desk: desk.queue.dequeue("mail", ack=[desk.held]),
    "ack": lambda desk: desk.queue.ack(desk.held),
    "ack_many": lambda desk: desk.queue.ack_many([desk.held]),
    "extend": lambda desk: desk.queue.extend(desk.held),
    "release": lambda desk: desk.queue.release(desk.held),
    "requeue": lambda desk: desk.queue.requeue(desk.held),
    "bury": lambda desk: desk.queue.bury(desk.held),
}
READS: dict[str, Callable[[Desk], object]] = {
    "size": lambda desk: desk.queue.size("mail"),
    "topics": lambda desk: desk.operator.topics(),
    "get": lambda desk: desk.operator.get(desk.held.message.id),
    "browse": lambda desk: list(desk.operator.browse("mail")),
    "topics, read-only": lambda desk: desk.reader.topics(),
    "browse, read-only": lambda desk: list(desk.reader.browse("mail")),
}
CALLS = WRITES | READS


def close(desk: Desk) -> None:
    """Close all that is open."""
    for one in (desk.queue, desk.operator, desk.reader):
        one.close()


def move(desk: Desk, *suffixes: str) -> None:
    """Rename the database, with what is named of what lies beside it."""
    for suffix in suffixes:
        Path(f"{desk.path}{suffix}").rename(desk.path.with_name(AWAY + suffix))


def put_another(desk: Desk) -> None:
    """Rename another queue to the database's name."""
    desk.another.rename(desk.path)


def put_a_text(desk: Desk) -> None:
    """Rename what is not a database to the database's name."""
    made = desk.path.with_name("made")
    made.write_text("not a database " * 1_000, encoding="utf-8")
    made.rename(desk.path)


def remove(desk: Desk, *suffixes: str) -> None:
    """Remove the database, with what is named of what lies beside it."""
    for suffix in suffixes:
        Path(f"{desk.path}{suffix}").unlink()


LEFT_WITH_ITS_WAL: dict[str, Callable[[Desk], None]] = {
    "moved": lambda desk: move(desk, ""),
    "removed": lambda desk: remove(desk, ""),
    "replaced": put_another,
    "replaced by a text": put_a_text,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", LEFT_WITH_ITS_WAL)
def test_a_database_whose_wal_was_left_is_neither_written_nor_read(desk: Desk, how: str, call: str) -> None:
    LEFT_WITH_ITS_WAL[how](desk)

    with pytest.raises(StoreUnavailable, match="its -wal was not: nothing was written"):
        CALLS[call](desk)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("is_removed", [False, True], ids=["moved", "removed"])
def test_a_database_that_is_gone_is_told_and_not_made_by_who_flushes_nothing(
    desk: Desk, call: str, *, is_removed: bool
) -> None:
    (remove if is_removed else move)(desk, *COMPANIONS)

    with pytest.raises(StoreUnavailable, match=r"was moved away or removed while it was open.*Put it back"):
        CALLS[call](desk)
    assert not desk.path.exists()


@pytest.mark.parametrize("call", CALLS)
def test_a_database_whose_folder_was_renamed_is_told(desk: Desk, call: str) -> None:
    desk.path.parent.rename(desk.path.parent.with_name("renamed"))

    with pytest.raises(StoreUnavailable, match="was moved away or removed while it was open"):
        CALLS[call](desk)


@pytest.mark.parametrize("call", CALLS)
def test_what_was_moved_away_is_used_again_when_it_is_back(desk: Desk, call: str) -> None:
    move(desk, *COMPANIONS)
    with pytest.raises(StoreUnavailable):
        CALLS[call](desk)
    for suffix in COMPANIONS:
        desk.path.with_name(AWAY + suffix).rename(f"{desk.path}{suffix}")

    CALLS[call](desk)

    assert desk.queue.size("mail") >= 1


@pytest.mark.parametrize("call", CALLS)
def test_what_was_moved_away_is_left_as_it_was_for_what_lies_there_now(desk: Desk, call: str) -> None:
    before = [(one.id, one.payload, one.state) for one in desk.operator.browse("mail")]
    move(desk, *COMPANIONS)
    put_another(desk)

    with contextlib.suppress(LeaseLost):
        CALLS[call](desk)

    with Inspector(desk.path) as other:
        assert [one.payload for one in other.browse("mail")][:1] == ["of the other"]
    close(desk)
    with Inspector(desk.path.with_name(AWAY)) as moved:
        assert [(one.id, one.payload, one.state) for one in moved.browse("mail")] == before
    assert_sound(desk.path)


@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_queue_in_the_place_of_one_is_refused(desk: Desk, call: str) -> None:
    move(desk, *COMPANIONS)
    put_a_text(desk)

    with pytest.raises(NotAQueue):
        CALLS[call](desk)


def test_what_was_moved_in_the_middle_of_a_transaction_is_not_committed(desk: Desk) -> None:
    """Nobody would find what was committed to a file that is gone."""

    def work() -> None:
        with desk.queue.transaction() as transaction:
            transaction.enqueue("mail", "new")
            move(desk, *COMPANIONS)

    with pytest.raises(StoreUnavailable, match="during the transaction: nothing was written"):
        work()

    close(desk)
    with Inspector(desk.path.with_name(AWAY)) as moved:
        assert [one.payload for one in moved.browse("mail")] == ["first", "second"]


def test_a_call_inside_a_transaction_does_not_leave_its_database(desk: Desk) -> None:
    added: list[int] = []

    def work() -> None:
        with desk.queue.transaction() as transaction:
            move(desk, *COMPANIONS)
            put_another(desk)
            added.append(transaction.enqueue("mail", "new"))

    with pytest.raises(StoreUnavailable):
        work()

    assert added == [3]
    assert desk.queue.size("mail") == 1


def test_a_look_is_not_taken_at_each_call(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look costs as much as a fifth of a write without a flush."""
    monkeypatch.setattr(place, "LOOK_EVERY_S", 3_600.0)
    desk.queue.size("mail")
    looks: list[object] = []
    monkeypatch.setattr(place.Place, "look", looks.append)

    for _ in range(3):
        desk.queue.enqueue("mail", "new")
        desk.queue.size("mail")

    assert looks == []


@pytest.mark.parametrize("suffixes", [("",), COMPANIONS], ids=["alone", "with its companions"])
def test_a_consumer_whose_database_goes_away_while_it_waits_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, suffixes: tuple[str, ...]
) -> None:
    monkeypatch.setattr(waiting, "NET_S", 0.01)
    waits = threading.Event()
    has_notice = waiting.SqliteWaiter._has_notice

    def noticed(waiter: waiting.SqliteWaiter, timeout_s: float) -> bool:
        waits.set()
        return has_notice(waiter, timeout_s)

    monkeypatch.setattr(waiting.SqliteWaiter, "_has_notice", noticed)
    with ThreadPoolExecutor(1) as pool:
        waiting_one = pool.submit(desk.queue.dequeue, "nothing", wait=50.0)
        waits.wait()
        move(desk, *suffixes)

        with pytest.raises(StoreUnavailable, match="while it was open"):
            waiting_one.result()


@pytest.mark.parametrize("suffixes", [("",), COMPANIONS], ids=["alone", "with its companions"])
def test_a_database_that_is_opened_by_the_name_it_was_moved_to_is_refused_with_the_reason(
    desk: Desk, suffixes: tuple[str, ...]
) -> None:
    """It is no other SQLite library that has it open."""
    move(desk, *suffixes)

    with Queue(desk.path.with_name(AWAY)) as moved:
        with pytest.raises(StoreUnavailable, match=f"was moved there from {desk.path} while this process"):
            moved.enqueue("mail", "new")
        close(desk)
        if len(suffixes) == len(COMPANIONS):
            assert moved.enqueue("mail", "new") == 3


def test_another_thread_opens_what_lies_there_while_the_first_has_the_old_one_open(desk: Desk) -> None:
    move(desk, *COMPANIONS)
    put_another(desk)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(desk.queue.size, "mail").result() == 1
        assert desk.queue.size("mail") == 1


def test_a_database_that_is_read_as_it_stands_is_left_when_it_is_replaced(tmp_path: Path) -> None:
    """SQLite itself does not compare the files of one that it reads without locks."""
    path = tmp_path / "queue.sqlite3"
    path.write_bytes(b"")
    settings = Settings(str(path), read_only=True, timeout_s=1.0, monotonic=lambda: 0.0)
    uri = f"file:{path}?immutable=1"
    with closing(apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)) as db:
        opened = place.Place(db, settings, None, is_immutable=True)
        assert opened.look() is place.Found.OURS
        path.rename(tmp_path / AWAY)
        assert opened.look() is place.Found.NOTHING
        path.write_bytes(b"")
        assert opened.look() is place.Found.EMPTY
        path.write_bytes(b"a database")
        assert opened.look() is place.Found.ANOTHER


@pytest.mark.parametrize("suffixes", [("",), COMPANIONS], ids=["alone", "with its companions"])
def test_a_consumer_that_waits_bears_with_a_database_that_is_being_replaced(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, suffixes: tuple[str, ...]
) -> None:
    """Its files go one by one, and another is copied there: each look may find something else."""
    monkeypatch.setattr(place, "GRACE_S", 3_600.0)
    steps: list[Callable[[], object]] = [
        lambda: put_another(desk),
        lambda: put_a_text(desk),
        lambda: move(desk, *(suffix for suffix in COMPANIONS if suffix not in suffixes)),
    ]
    monkeypatch.setattr(dequeueing, "pause", lambda _s: steps.pop()())
    move(desk, *suffixes)

    leases = desk.queue.dequeue("mail", wait=50.0)

    assert [lease.message.payload for lease in leases] == ["of the other"]
    assert steps == []


def test_a_wait_that_is_over_while_the_database_is_away_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "GRACE_S", 3_600.0)
    move(desk, *COMPANIONS)

    with pytest.raises(StoreUnavailable, match="was moved away or removed"):
        desk.queue.dequeue("mail", wait=0.001)


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_nothing_is_made_in_an_empty_file_into_which_a_copy_may_come(
    desk: Desk, durability: Literal["full", "normal"]
) -> None:
    """`cp` makes the file first and fills it then."""
    with Queue(desk.path, durability=durability) as queue:
        queue.enqueue("mail", "third")
        move(desk, *COMPANIONS)
        desk.path.touch()

        with pytest.raises(StoreUnavailable, match="Put it back"):
            queue.enqueue("mail", "new")

    assert desk.path.stat().st_size == 0


def test_a_database_is_briefly_away_from_when_it_was_first_missed(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "GRACE_S", 1.0)
    now = 100.0
    path = Path(location)
    settings = Settings(location, read_only=True, timeout_s=1.0, monotonic=lambda: now)
    with closing(apsw.Connection(location)) as db:
        watched = place.Place(db, settings, None, is_immutable=True)
        path.rename(path.with_name(AWAY))
        assert not watched.is_briefly_away()
        watched.look()
        now += 0.9
        watched.look()
        assert watched.is_briefly_away()
        now += 0.1
        assert not watched.is_briefly_away()
        path.with_name(AWAY).rename(path)
        watched.look()
        path.rename(path.with_name(AWAY))
        watched.look()
        assert watched.is_briefly_away()
