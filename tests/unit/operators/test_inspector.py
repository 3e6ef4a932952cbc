"""The inspector as programs use it: what it refuses, and that it may be opened only to read."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from smq_core import Inspector, InvalidMessage, Outcome, Queue, SmqError, StoreUnavailable, UsageError
from smq_core.testing import EPOCH_MS, ManualClock

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


def test_the_undo_of_an_action_that_did_nothing_does_nothing(queue: Queue, inspector: Inspector) -> None:
    """Its outcome has no operation; what anybody did last is not meant by that."""
    sent = queue.enqueue("mail", "spam")
    inspector.delete([sent])
    vain = inspector.delete([sent])

    assert vain.operation is None
    assert inspector.undo(vain.operation) == Outcome(operation=None, done=0)
    assert inspector.get(sent).state == "deleted"


def test_the_last_operation_is_ones_own(queue: Queue, inspector: Inspector) -> None:
    spam, mine = queue.enqueue_many("mail", ["spam", "mine"])
    with Inspector(queue.location, actor="bob", clock=ManualClock()) as bob:
        bob.delete([mine])
        inspector.delete([spam])

        assert bob.undo("last").done_ids == (mine,)
        with pytest.raises(SmqError, match="bob has done nothing that can be undone"):
            bob.undo("last")
    assert inspector.get(spam).state == "deleted"


@pytest.mark.parametrize("wrong", ["first", "", 1.0, True, b"last"])
def test_what_is_neither_an_operation_nor_the_last_is_refused(inspector: Inspector, wrong: object) -> None:
    with pytest.raises(InvalidMessage, match="neither the id of an operation nor"):
        inspector.undo(wrong)  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize(
    "ask",
    [
        lambda inspector: inspector.topic(None),
        lambda inspector: inspector.resume(None),
        lambda inspector: inspector.pause(None),
        lambda inspector: inspector.policy(None),
        lambda inspector: inspector.set_policy(None, keep=5),
        lambda inspector: inspector.purge(None, "ready"),
        lambda inspector: inspector.drop(None),
        lambda inspector: inspector.move([1], None),
        lambda inspector: inspector.delete(None),
    ],
)
def test_none_where_one_is_to_be_named_means_neither_any_nor_all(
    queue: Queue, inspector: Inspector, ask: Callable[[Inspector], object]
) -> None:
    queue.enqueue("mail", "a")

    with pytest.raises(InvalidMessage):
        ask(inspector)
    assert (inspector.activity(), inspector.get(1).state) == ([], "ready")


@pytest.mark.parametrize("verb", ["requeue", "delete", "bury"])
@pytest.mark.parametrize("nothing", [[], (), {}, ""])
def test_an_action_on_nothing_does_nothing(
    queue: Queue, inspector: Inspector, verb: str, nothing: object
) -> None:
    queue.enqueue("mail", "a", delay=9)

    assert getattr(inspector, verb)(nothing) == Outcome(operation=None, done=0)
    assert (inspector.activity(), inspector.get(1).state) == ([], "delayed")


def test_nothing_was_done_before_the_first_operation(queue: Queue, inspector: Inspector) -> None:
    queue.enqueue("mail", "a")
    inspector.pause("mail")

    assert inspector.activity(before=0) == []
    assert [one.operation for one in inspector.activity(before=2)] == [1]


@pytest.mark.parametrize("empty", ["", b""])
def test_an_empty_location_is_not_the_default_one(empty: str | bytes) -> None:
    with pytest.raises(StoreUnavailable, match="the database path is empty"):
        Queue(empty)
    with pytest.raises(StoreUnavailable, match="the database path is empty"):
        Inspector(empty)


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
