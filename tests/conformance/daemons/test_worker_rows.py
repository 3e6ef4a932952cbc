"""A daemon's row: its heartbeat, and the commands that operators leave for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from smq_core.store.records import WorkerRow
from smq_core.testing import EPOCH_MS

if TYPE_CHECKING:
    from smq_core.store.base import Store

ROW = WorkerRow(
    id="w", host="h", pid=1, version="1", state="running", started_at=EPOCH_MS, heartbeat_at=EPOCH_MS
)


def test_a_command_is_read_once_at_the_next_heartbeat(store: Store) -> None:
    store.put_worker(ROW)
    store.command_worker("w", "quiet", actor="ann", now_ms=EPOCH_MS)

    assert store.put_worker(ROW) == "quiet"
    assert store.put_worker(ROW) is None


def test_a_command_is_in_the_activity(store: Store) -> None:
    store.put_worker(ROW)
    store.command_worker("w", "stop", actor="ann", now_ms=EPOCH_MS)

    (entry,) = store.activity(limit=10, before=None)
    assert (entry.actor, entry.action, entry.detail) == ("ann", "worker stop", "w")


def test_a_command_for_nobody_is_told(store: Store) -> None:
    assert not store.command_worker("gone", "stop", actor="ann", now_ms=EPOCH_MS)


def test_a_heartbeat_changes_what_changes(store: Store) -> None:
    store.put_worker(ROW)
    later = msgspec.structs.replace(ROW, state="quiet", heartbeat_at=EPOCH_MS + 5, detail='{"threads":1}')
    store.put_worker(later)

    assert store.workers() == [later]


def test_a_removed_row_is_gone(store: Store) -> None:
    store.put_worker(ROW)
    store.remove_worker("w")

    assert store.workers() == []
