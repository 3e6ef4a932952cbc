"""A caller's own transaction that is ended from inside: nothing after that is written by itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from smq_core import UsageError

if TYPE_CHECKING:
    from smq_core import Queue


def test_what_follows_a_close_inside_a_transaction_is_refused(queue: Queue) -> None:
    with pytest.raises(UsageError, match="do all of it again"):
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
        with pytest.raises(UsageError, match="inside the `with` only"):
            call()
    assert queue.size("mail") == 0


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
