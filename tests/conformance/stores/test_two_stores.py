"""Two programs on one queue: each sees what the other committed, and is told when the other is in the way."""

from __future__ import annotations

import select
import threading
from typing import TYPE_CHECKING, Final

import pytest

from smq_core.errors import StoreBusy, UsageError
from smq_core.states import State
from smq_core.store.records import Hold
from smq_core.testing import EPOCH_MS, make_message, make_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.store.base import Store
    from tests.conformance.conftest import Backend

NOW: Final = EPOCH_MS
LONG_S: Final = 20.0
"""More than any machine needs."""
RECEIPT: Final = make_request(receipt=7).receipt


def test_each_sees_what_the_other_committed(store: Store, second: Store) -> None:
    one = store.enqueue(make_message(key="k"), NOW)
    assert second.held_keys([("mail", "k"), ("mail", "other"), ("print", "k")]) == {("mail", "k")}
    ((row,), _) = second.lease(make_request("mail"), NOW)

    assert row.id == one
    assert store.leased_topics() == ["mail"]
    assert store.topic_names() == second.topic_names() == ["mail"]


def test_both_have_the_place_of_the_queue(store: Store, second: Store) -> None:
    store.enqueue(make_message(), NOW)

    assert store.location == second.location
    assert store.location.exists()
    assert store.location.name in store.location.describe()
    assert not store.is_briefly_away()


def test_a_message_is_leased_by_one_of_them(store: Store, second: Store) -> None:
    sent = [store.enqueue(make_message(), NOW) for _ in range(3)]

    leased = [
        row.id
        for receipt, program in enumerate((store, second, store, second))
        for row in program.lease(make_request("mail", receipt=receipt), NOW)[0]
    ]

    assert leased == sent


def test_a_lease_of_one_is_acked_by_its_receipt_through_the_other(store: Store, second: Store) -> None:
    one = store.enqueue(make_message(), NOW)
    store.lease(make_request("mail", receipt=7), NOW)

    assert second.ack([Hold(one, make_request(receipt=8).receipt)], NOW) != []
    assert second.ack([Hold(one, RECEIPT)], NOW) == []
    assert store.ack([Hold(one, RECEIPT)], NOW) == [Hold(one, RECEIPT)], "an ack is for once"


def test_what_is_in_an_open_transaction_is_seen_by_nobody_else(store: Store, second: Store) -> None:
    with store.transaction():
        store.enqueue(make_message(), NOW)
        assert second.size("mail") == 0

    assert second.size("mail") == 1


def test_who_waits_too_long_for_the_other_is_told_and_has_written_nothing(
    store: Store, second: Store
) -> None:
    with store.transaction():
        store.enqueue(make_message(), NOW)
        refused = in_thread(lambda: second.enqueue(make_message("print"), NOW))

    assert isinstance(refused, StoreBusy)
    assert store.topic_names() == ["mail"]


def test_a_transaction_is_of_its_thread(store: Store, second: Store) -> None:
    with store.transaction():
        with pytest.raises(UsageError):
            store.require_no_transaction("a wait")
        assert in_thread(lambda: store.require_no_transaction("a wait")) is None
    store.require_no_transaction("a wait")
    second.require_no_transaction("a wait")


def test_a_read_only_store_reads_what_others_write_and_never_writes(store: Store, backend: Backend) -> None:
    one = store.enqueue(make_message(), NOW)
    reader = backend.open(read_only=True)

    row = reader.get(one)
    assert row is not None
    assert row.status == State.READY
    for write in (
        lambda: reader.enqueue(make_message(), NOW),
        lambda: reader.lease(make_request("mail"), NOW),
        lambda: reader.pause("mail", reason="", until_ms=None, actor="ann", now_ms=NOW),
    ):
        with pytest.raises(UsageError):
            write()
    assert store.size("mail") == 1


def test_a_closed_store_opens_again_when_it_is_used(store: Store, second: Store) -> None:
    one = store.enqueue(make_message(), NOW)
    store.close()
    store.close()
    second.enqueue(make_message(), NOW)

    assert store.size("mail") == 2
    assert store.get(one) is not None


def test_the_number_of_the_data_changes_when_the_other_commits(store: Store, second: Store) -> None:
    before = store.data_version()
    assert store.data_version() == before

    second.enqueue(make_message(), NOW)

    assert store.data_version() != before


def test_a_waiter_is_woken_by_a_commit_of_the_other(store: Store, second: Store) -> None:
    waiter = store.waiter()
    try:
        assert not waiter.drain()
        assert not waiter.wait(0.0)
        second.enqueue(make_message(), NOW)
        if waiter.fileno() >= 0:
            assert select.select([waiter.fileno()], [], [], LONG_S)[0], "its descriptor is readable"
        assert waiter.wait(LONG_S)
        assert not waiter.drain(), "a commit is told once"
        second.ack([Hold(1, RECEIPT)], NOW)
        second.enqueue(make_message(), NOW)
        assert waiter.drain()
    finally:
        waiter.close()


def test_a_thread_that_waits_is_woken(store: Store, second: Store) -> None:
    waits, woken = threading.Event(), []

    def wait() -> None:
        waiter = store.waiter()
        waits.set()
        woken.append(waiter.wait(LONG_S))
        waiter.close()
        store.close()

    thread = threading.Thread(target=wait)
    thread.start()
    waits.wait()
    second.enqueue(make_message(), NOW)
    thread.join()

    assert woken == [True]


def in_thread(call: Callable[[], object]) -> BaseException | None:
    """Make a call on another thread; return what it raised."""
    raised: list[BaseException] = []

    def make() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test judges it
            raised.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return raised[0] if raised else None
