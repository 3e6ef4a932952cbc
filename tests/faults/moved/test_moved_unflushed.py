"""A database that is moved or replaced under those who flush nothing: consumers, readers, fast producers.

The story: an operator renames the database, and the consumers go on with the file that nobody else finds.
They look once a millisecond; here each call looks.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Literal

import apsw
import pytest

from smq_core import Inspector, LeaseLost, NotAQueue, Queue, StoreUnavailable
from smq_core.store.sqlite.connection import file_place
from smq_core.store.sqlite.driver.connection_settings import Settings
from tests.faults.invariant import assert_sound
from tests.faults.moving import AWAY, COMPANIONS, Desk, close, move, opened, put_a_text, put_another, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give what is open on a database in a folder of its own."""
    with opened(tmp_path, template, monkeypatch) as given:
        yield given


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

    with pytest.raises(StoreUnavailable, match="but its WAL file was not: nothing was written"):
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
    monkeypatch.setattr(file_place, "LOOK_EVERY_S", 3_600.0)
    desk.queue.size("mail")
    looks: list[object] = []
    monkeypatch.setattr(file_place.FilePlace, "look", looks.append)

    for _ in range(3):
        desk.queue.enqueue("mail", "new")
        desk.queue.size("mail")

    assert looks == []


@pytest.mark.parametrize("suffixes", [("",), COMPANIONS], ids=["alone", "with its companions"])
def test_a_database_that_is_opened_by_the_name_it_was_moved_to_is_refused_with_the_reason(
    desk: Desk, suffixes: tuple[str, ...]
) -> None:
    """It is no other SQLite library that has it open."""
    move(desk, *suffixes)

    with Queue(desk.path.with_name(AWAY)) as moved:
        with pytest.raises(StoreUnavailable, match=f"was moved from {desk.path} while this process"):
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
        opened = file_place.FilePlace(db, settings, None, is_immutable=True)
        assert opened.look() is file_place.PathState.OURS
        path.rename(tmp_path / AWAY)
        assert opened.look() is file_place.PathState.NOTHING
        path.write_bytes(b"")
        assert opened.look() is file_place.PathState.EMPTY
        path.write_bytes(b"a database")
        assert opened.look() is file_place.PathState.ANOTHER


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
