"""The inspector as programs use it: what it refuses, and that it may be opened only to read."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, InvalidMessage, Queue, StoreUnavailable, UsageError
from smq_core.testing import EPOCH_MS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


NOW = EPOCH_MS / 1000


def test_an_inspector_that_may_only_read_never_writes(queue: Queue) -> None:
    queue.enqueue("mail", "a")
    with Inspector(queue.location, read_only=True) as reader:
        with pytest.raises(UsageError, match="read-only"):
            reader.delete([1])
        with pytest.raises(UsageError, match="read-only"):
            reader.pause("mail")

        assert reader.get(1).state == "ready"


def test_nothing_that_reads_creates_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no queue"), Inspector(tmp_path / "q.sqlite3") as inspector:
        inspector.topics()

    assert list(tmp_path.iterdir()) == []


def test_a_frozen_selection_is_aimed_at_what_was_there(queue: Queue, inspector: Inspector) -> None:
    queue.enqueue("mail", "a")
    selection = inspector.select("mail", "ready")
    later = queue.enqueue("mail", "b")

    assert inspector.delete(selection).done == 1
    assert inspector.get(later).state == "ready"


WRONG_EDITS: list[Callable[[Inspector], object]] = [
    lambda inspector: inspector.edit(1, priority=101),
    lambda inspector: inspector.edit(1, key=""),
    lambda inspector: inspector.edit(1, payload=float("nan")),
    lambda inspector: inspector.edit(1, headers={"a": "\ud800"}),
    lambda inspector: inspector.edit(1, max_attempts=0),
    lambda inspector: inspector.edit(1, seen="nonsense"),
    lambda inspector: inspector.edit(1, available_at=datetime.datetime(2030, 1, 1)),  # noqa: DTZ001 - the mistake
]


@pytest.mark.parametrize("edit", WRONG_EDITS)
def test_an_edit_checks_what_it_is_given(
    queue: Queue, inspector: Inspector, edit: Callable[[Inspector], object]
) -> None:
    queue.enqueue("mail", "a", delay=60)

    with pytest.raises(InvalidMessage):
        edit(inspector)
    assert inspector.activity() == []


def test_an_edit_changes_what_it_names(queue: Queue, inspector: Inspector) -> None:
    sent = queue.enqueue("mail", "a", delay=60)

    assert inspector.edit(sent, payload={"b": 1}, available_at=NOW + 1).done == 1
    assert (inspector.get(sent).payload, inspector.get(sent).available_at) == ({"b": 1}, NOW + 1)


def test_a_wait_notices_what_was_committed_since_the_last_look(queue: Queue, inspector: Inspector) -> None:
    version = inspector.data_version()
    queue.enqueue("mail", "hello")

    assert inspector.wait(0.0, since=version)
    assert not inspector.wait(0.0, since=inspector.data_version())
