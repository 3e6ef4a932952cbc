"""A database that goes away while a consumer waits: it bears with that for a moment, then says so.

The story: a backup is put in the place of the database, file by file, while consumers wait.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core import StoreUnavailable, dequeueing
from smq_core.store.sqlite.connection import file_place
from smq_core.store.sqlite.driver.connection_settings import Settings
from smq_core.store.sqlite.queue import change_watch
from tests.faults.moving import AWAY, COMPANIONS, Desk, move, opened, put_a_text, put_another

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def desk(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give what is open on a database in a folder of its own."""
    with opened(tmp_path, template, monkeypatch) as given:
        yield given


@pytest.mark.parametrize("suffixes", [("",), COMPANIONS], ids=["alone", "with its companions"])
def test_a_consumer_whose_database_goes_away_while_it_waits_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, suffixes: tuple[str, ...]
) -> None:
    monkeypatch.setattr(change_watch, "NET_S", 0.01)
    waits = threading.Event()
    has_notice = change_watch.SqliteWaiter._has_notice

    def noticed(waiter: change_watch.SqliteWaiter, timeout_s: float) -> bool:
        waits.set()
        return has_notice(waiter, timeout_s)

    monkeypatch.setattr(change_watch.SqliteWaiter, "_has_notice", noticed)
    with ThreadPoolExecutor(1) as pool:
        waiting_one = pool.submit(desk.queue.dequeue, "nothing", wait=50.0)
        waits.wait()
        move(desk, *suffixes)

        with pytest.raises(StoreUnavailable, match="while it was open"):
            waiting_one.result()


@pytest.mark.parametrize("suffixes", [("",), COMPANIONS], ids=["alone", "with its companions"])
def test_a_consumer_that_waits_bears_with_a_database_that_is_being_replaced(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, suffixes: tuple[str, ...]
) -> None:
    """Its files go one by one, and another is copied there: each look may find something else."""
    monkeypatch.setattr(file_place, "GRACE_S", 3_600.0)
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
    monkeypatch.setattr(file_place, "GRACE_S", 3_600.0)
    move(desk, *COMPANIONS)

    with pytest.raises(StoreUnavailable, match="was moved away or removed"):
        desk.queue.dequeue("mail", wait=0.001)


def test_a_database_is_briefly_away_from_when_it_was_first_missed(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_place, "GRACE_S", 1.0)
    now = 100.0
    path = Path(location)
    settings = Settings(location, read_only=True, timeout_s=1.0, monotonic=lambda: now)
    with closing(apsw.Connection(location)) as db:
        watched = file_place.FilePlace(db, settings, None, is_immutable=True)
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
