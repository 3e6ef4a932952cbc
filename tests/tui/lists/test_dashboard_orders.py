"""A long list is read in slices, and holds what one look would have found."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from smq_core import Filter, Inspector, Queue, Selection, State
from smq_tui.gateway import reads
from smq_tui.requests import OrderOf

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def inspector(location: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inspector]:
    """Give a queue of five hundred, most of them gone, whose slices are short."""
    monkeypatch.setattr(reads, "_AT_ONCE", 10)
    monkeypatch.setattr(reads, "_SLICE", 16)
    monkeypatch.setattr(reads, "_LONGEST_SLICE", 64)
    with Queue(location, durability="normal") as queue, Inspector(location) as opened:
        for topic in ("mail", "orders"):
            queue.enqueue_many(topic, [{"number": number} for number in range(250)])
        queue.ack_many(queue.dequeue("mail", limit=200))
        yield opened


@pytest.mark.parametrize("is_newest_first", [True, False])
@pytest.mark.parametrize("limit", [11, 40, 299, 300, 1_000])
@pytest.mark.parametrize(
    "selection",
    [Selection(), Selection(state=State.READY), Selection(topic="mail"), Selection(where=Filter(text="9"))],
    ids=["all", "ready", "topic", "filtered"],
)
def test_slices_find_what_one_look_finds(
    inspector: Inspector, selection: Selection, limit: int, *, is_newest_first: bool
) -> None:
    found = reads.order(inspector, OrderOf(selection, is_newest_first, limit), lambda *_: True)

    expected = array("q", inspector.ids(selection, newest=is_newest_first))
    assert (array("q", found.ids), found.has_more) == (expected[:limit], len(expected) > limit)


def test_a_search_that_nobody_waits_for_ends(inspector: Inspector) -> None:
    told: list[int] = []

    def stop(done: int, *_: object) -> bool:
        told.append(done)
        return len(told) < 3

    reads.order(inspector, OrderOf(Selection(where=Filter(text="x")), False, 1_000), stop)  # noqa: FBT003 - by its place

    assert len(told) == 3
    assert all(before < after for before, after in pairwise(told))
