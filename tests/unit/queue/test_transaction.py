"""A caller's own transaction: nothing of it is written by itself, and nothing inside it waits for its end."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, Queue, UsageError
from smq_core.store.sqlite.connection.connection import Connection
from smq_core.store.sqlite.connection.own_transaction import OWN
from smq_core.store.sqlite.connection.writing import Writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smq_core import Lease


def test_what_follows_a_close_inside_a_transaction_is_refused(queue: Queue) -> None:
    with pytest.raises(UsageError, match="repeat the whole transaction"):
        close_inside(queue)

    assert queue.size("mail") == 0
    assert queue.enqueue("mail", "afterwards") == 1


def close_inside(queue: Queue) -> None:
    """Close a queue in the middle of a transaction, and go on."""
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "before")
        queue.close()
        transaction.enqueue("mail", "after")


def test_a_commit_inside_a_transaction_is_named_in_the_error(queue: Queue) -> None:
    with (
        pytest.raises(UsageError, match="ended from inside"),
        queue.transaction() as transaction,
    ):
        transaction.execute("COMMIT")


def test_a_handle_is_for_its_with_only(queue: Queue) -> None:
    with queue.transaction() as transaction:
        pass

    for call in (
        lambda: transaction.execute("SELECT 1"),
        lambda: transaction.enqueue("mail", "late"),
        lambda: transaction.enqueue_many("mail", ["late"]),
    ):
        with pytest.raises(UsageError, match="only inside its `with` block"):
            call()
    assert queue.size("mail") == 0


def test_a_handle_is_for_the_thread_that_opened_it(queue: Queue) -> None:
    refused: list[UsageError] = []
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "mine")
        (lease,) = queue.dequeue("mail")
        for call in (
            lambda: transaction.execute("SELECT 1"),
            lambda: transaction.enqueue("mail", "from elsewhere"),
            lambda: transaction.enqueue_many("mail", ["from elsewhere"]),
            lambda: transaction.ack(lease),
        ):
            elsewhere = threading.Thread(target=note_refusal, args=(call, refused))
            elsewhere.start()
            elsewhere.join()

    assert [str(error).partition(":")[0] for error in refused] == [
        "a transaction belongs to the thread that opened it"
    ] * 4
    assert queue.size("mail") == 1


def note_refusal(call: Callable[[], object], refused: list[UsageError]) -> None:
    """Make a call that is refused."""
    with pytest.raises(UsageError) as told:
        call()
    refused.append(told.value)


def test_an_interrupt_at_the_end_of_beginning_leaves_no_transaction_open(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal may come when the transaction has begun and the `with` does not know it yet."""
    manager = type(contextlib.contextmanager(lambda: iter(()))())
    enter = manager.__enter__

    def interrupted(self: object) -> object:
        enter(self)  # type: ignore[arg-type]  # the class is private
        raise KeyboardInterrupt

    queue.size("mail")
    with monkeypatch.context() as patch:
        patch.setattr(manager, "__enter__", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            queue.transaction().__enter__()

    # the interrupt is held here, with every frame that it went through
    assert caught.value is not None
    queue.enqueue("mail", "hello")
    queue.close()
    assert queue.size("mail") == 1


WAITS: dict[str, Callable[[Queue, Queue, Inspector], object]] = {
    "a wait of its own queue": lambda queue, *_: queue.dequeue("mail", wait=3_600),
    "a wait that acks": lambda queue, *_: queue.dequeue("mail", wait=3_600, ack=queue.dequeue("mail")),
    "a wait of another queue": lambda _, other, __: other.dequeue("mail", wait=3_600),
    "an inspector's wait": lambda _, __, inspector: inspector.wait(3_600),
    "a write of another queue": lambda _, other, __: other.enqueue("mail", "hello"),
    "a batch of another queue": lambda _, other, __: other.enqueue_many("mail", ["hello"]),
    "a lease by another queue": lambda _, other, __: other.dequeue("post"),
    "a transaction of another queue": lambda _, other, __: other.transaction().__enter__(),
    "an inspector's action": lambda _, __, inspector: inspector.delete([1]),
    "an inspector's pause": lambda _, __, inspector: inspector.pause("mail"),
    "an inspector's purge": lambda _, __, inspector: inspector.purge("post", "ready"),
    "a transaction of its own queue": lambda queue, *_: queue.transaction().__enter__(),
}


@pytest.mark.parametrize("wait", WAITS)
def test_what_would_wait_for_its_own_transaction_is_refused_at_once(location: str, wait: str) -> None:
    """The timeouts of an hour are not waited for, and the transaction goes on."""
    with (
        Queue(location, timeout=3_600) as queue,
        Queue(location, timeout=3_600) as other,
        Inspector(location, timeout=3_600) as inspector,
    ):
        queue.enqueue("post", "for a lease")
        with queue.transaction() as transaction:
            transaction.enqueue("mail", "before")
            with pytest.raises(UsageError, match="transaction"):
                WAITS[wait](queue, other, inspector)
            transaction.enqueue("mail", "after")

        assert (queue.size("mail"), queue.size("post")) == (2, 1)
        # and what was refused inside is done outside
        assert other.enqueue("mail", "hello") > 0
        assert inspector.pause("mail").done == 1


def test_a_dequeue_without_a_wait_is_a_part_of_the_transaction(queue: Queue) -> None:
    queue.enqueue("mail", "hello")
    with queue.transaction() as transaction:
        (lease,) = queue.dequeue("mail")
        transaction.ack(lease)
        assert queue.dequeue("mail") == []

    assert queue.size("mail") == 0


def test_others_files_and_threads_may_wait_during_a_transaction(tmp_path: Path, queue: Queue) -> None:
    with Queue(tmp_path / "other.sqlite3") as other:
        found: list[Lease] = []
        waiting = threading.Thread(target=lambda: found.extend(queue.dequeue("mail", wait=60)))
        with queue.transaction() as transaction:
            waiting.start()
            assert other.dequeue("mail", wait=0.001) == []
            with other.transaction() as inner:
                inner.enqueue("mail", "elsewhere")
            transaction.enqueue("mail", "hello")
        waiting.join()

        assert [lease.message.payload for lease in found] == ["hello"]


def test_a_transaction_that_failed_leaves_the_thread_free_to_wait(queue: Queue) -> None:
    with pytest.raises(ZeroDivisionError), queue.transaction():
        raise ZeroDivisionError

    assert queue.dequeue("mail", wait=0.001) == []


def undone_inside(queue: Queue) -> None:
    """Add a message in a transaction that fails."""
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "undone")
        raise ZeroDivisionError


def kept_inside(queue: Queue) -> None:
    """Add a message in a transaction."""
    with queue.transaction() as transaction:
        transaction.enqueue("mail", "kept")


CALLS: dict[str, Callable[[Queue], object]] = {
    "enqueue": lambda queue: queue.enqueue("mail", "kept"),
    "enqueue_many": lambda queue: queue.enqueue_many("mail", ["kept"]),
    "transaction": kept_inside,
    "dequeue": lambda queue: queue.dequeue("mail", wait=0.001),
    "size": lambda queue: queue.size("mail"),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_a_second_interrupt_kept_from_being_rolled_back_is_no_part_of_the_next_call(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def interrupted(_self: Connection, _error: BaseException) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "_abandon", interrupted)
        with pytest.raises(KeyboardInterrupt):
            undone_inside(queue)

    CALLS[call](queue)

    with Queue(queue.location, timeout=0.001) as other:
        payloads = [lease.message.payload for lease in other.dequeue("mail", limit=9)]
        assert payloads == ["kept"] * (call in {"enqueue", "enqueue_many", "transaction"})
        # and nobody holds the lock
        other.enqueue("mail", "another's")


def test_an_interrupt_that_kept_the_end_of_a_transaction_from_being_noted_lets_the_thread_wait(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_self: object, _path: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(OWN), "end", interrupted)
        with pytest.raises(KeyboardInterrupt):
            undone_inside(queue)

    assert queue.dequeue("mail", wait=0.001) == []


@pytest.mark.parametrize("call", CALLS)
def test_a_call_of_a_signal_handler_in_the_middle_of_a_write_is_refused_and_harms_nothing(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    commit = Writing.commit
    refused: list[str] = []

    def interrupted(writing: Writing) -> None:
        monkeypatch.setattr(Writing, "commit", commit)
        with pytest.raises(UsageError) as told:
            CALLS[call](queue)
        refused.append(str(told.value))
        commit(writing)

    queue.enqueue("mail", "before")
    monkeypatch.setattr(Writing, "commit", interrupted)

    assert queue.enqueue_many("mail", ["a", "b"]) == [2, 3]
    assert "signal handler" in refused[0]
    with Queue(queue.location) as other:
        assert other.size("mail") == 3
