from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.supervisor.store_watch import StoreWatch
from smq_core.store import open_store
from smq_core.store.sqlite.queue import change_watch
from smq_core.testing import EPOCH_MS, ManualClock, make_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.store.base import Store


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as opened:
        yield opened


@pytest.fixture
def other(location: str) -> Iterator[Store]:
    """Another program's store on the same file."""
    opened = open_store(location)
    yield opened
    opened.close()


def test_a_commit_of_another_is_noticed(
    store: Store, other: Store, selector: selectors.BaseSelector, clock: ManualClock
) -> None:
    watch = StoreWatch(store, selector, clock)
    other.enqueue(make_message(), EPOCH_MS)

    ((key, _),) = selector.select(5.0)
    assert key.data is watch
    assert watch.notice()
    watch.close()


def test_our_own_commit_is_no_news(
    store: Store, selector: selectors.BaseSelector, clock: ManualClock
) -> None:
    watch = StoreWatch(store, selector, clock)
    store.enqueue(make_message(), EPOCH_MS)

    assert not watch.notice()
    watch.close()


def test_after_a_notice_that_showed_nothing_looks_become_rarer_and_end(
    store: Store, selector: selectors.BaseSelector, clock: ManualClock
) -> None:
    watch = StoreWatch(store, selector, clock)
    watch.notice()
    waits: list[float] = []
    while (wait := watch.due_in(clock.monotonic())) is not None:
        waits.append(wait)
        clock.advance(wait)
        watch.look_again(clock.monotonic())

    assert waits == sorted(waits)
    assert 0.03 < sum(waits) < 0.1
    watch.close()


def test_a_muted_watch_hears_nothing_until_it_is_unmuted(
    store: Store, other: Store, selector: selectors.BaseSelector, clock: ManualClock
) -> None:
    watch = StoreWatch(store, selector, clock)
    watch.mute()
    other.enqueue(make_message(), EPOCH_MS)
    assert selector.select(0) == []

    watch.unmute()
    assert len(selector.select(5.0)) == 1
    watch.close()


def test_where_the_system_tells_nothing_it_looks_again_and_again(
    store: Store,
    other: Store,
    selector: selectors.BaseSelector,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(change_watch, "open_watch", lambda _path: None)
    watch = StoreWatch(store, selector, clock)
    seen: list[bool] = []
    for _ in range(3):
        other.enqueue(make_message(), EPOCH_MS)
        wait = watch.due_in(clock.monotonic())
        assert wait is not None
        clock.advance(wait)
        seen.append(watch.look_again(clock.monotonic()))

    assert seen == [True, True, True]
    watch.close()
