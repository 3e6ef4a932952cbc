"""A caller's transaction: all of it or nothing, and its calls see one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core.errors import StoreError, UsageError

if TYPE_CHECKING:
    from smq_core.store.records import Hold
    from tests.conformance.desk import Desk


def test_what_is_done_inside_is_there_afterwards(desk: Desk) -> None:
    first = desk.send()
    hold = desk.take_one()
    with desk.store.transaction():
        desk.send()
        desk.ack(hold)

    assert (desk.stats().ready, desk.state(first)) == (1, "gone")


def test_an_exception_rolls_all_of_it_back(desk: Desk) -> None:
    first = desk.send()
    hold = desk.take_one()
    with pytest.raises(KeyError):
        send_ack_and_fail(desk, hold)

    assert (desk.stats().ready, desk.state(first)) == (0, "processing")
    assert desk.ack(hold) == []


def send_ack_and_fail(desk: Desk, hold: Hold) -> None:
    """Do things in a transaction that an exception ends."""
    with desk.store.transaction():
        desk.send()
        desk.ack(hold)
        raise KeyError


def test_a_part_that_failed_leaves_nothing_and_the_rest_goes_on(desk: Desk) -> None:
    with desk.store.transaction():
        desk.send()
        with pytest.raises(StoreError):
            desk.send_many(["a", "b"], kinds=["text", "nonsense"])
        desk.send()

    assert desk.stats().ready == 2


def test_a_transaction_inside_another_is_refused_and_the_outer_one_goes_on(desk: Desk) -> None:
    with desk.store.transaction():
        desk.send()
        with pytest.raises(UsageError, match="already"), desk.store.transaction():
            desk.send()

    assert desk.stats().ready == 1


def test_the_next_transaction_begins_anew(desk: Desk) -> None:
    for _ in range(2):
        with desk.store.transaction():
            desk.send()

    assert desk.stats().ready == 2
