"""Imported messages are restored as they were, together with the progress of their import or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from smq_core.errors import StoreBusy
from smq_core.states import State
from smq_core.store.records import ImportProgress, NewMessage

if TYPE_CHECKING:
    from tests.conformance.desk import Desk

PROGRESS = ImportProgress(
    source="/in.jsonl",
    name="feed",
    device=1,
    inode=2,
    bytes_taken=10,
    bytes_before=10,
    lines_taken=3,
    content_hash="abc",
    taken=2,
    rejected=1,
    rejects_length=5,
    reasons_length=6,
    started_at=7,
)


def message(body: str | bytes = "a", **changes: object) -> NewMessage:
    fields: dict[str, object] = {"topic": "mail", "body": body, "kind": "text", "available_at": 5, **changes}
    return NewMessage(**fields)  # type: ignore[arg-type]  # fields by name


def restore(
    desk: Desk, *messages: NewMessage, progress: ImportProgress | None = None
) -> tuple[list[int], int]:
    return desk.store.restore_many(messages, progress, desk.now_ms)


def recorded(progress: ImportProgress, record: int) -> ImportProgress:
    """Return progress as it is read back."""
    return msgspec.structs.replace(progress, id=record, newest_known=record)


def test_a_message_is_restored_with_all_that_it_had(desk: Desk) -> None:
    given = message(
        b"\x00",
        kind="bytes",
        priority=-3,
        key="k",
        headers='{"a":"b"}',
        max_attempts=4,
        state=State.DEAD,
        attempts=2,
        created_at=3,
        last_error="Boom: it broke\nhere",
        finished_at=9,
    )
    ids, _ = restore(desk, given)
    row = desk.row(ids[0])
    assert (row.topic, row.body, row.kind, row.priority, row.key) == ("mail", b"\x00", "bytes", -3, "k")
    assert (row.headers, row.max_attempts, row.attempts, row.status) == ('{"a":"b"}', 4, 2, State.DEAD)
    assert (row.created_at, row.available_at, row.finished_at) == (3, 5, 9)
    assert (row.last_error, row.error_kind) == ("Boom: it broke\nhere", "Boom: it broke")


def test_what_has_no_time_of_creation_is_created_now(desk: Desk) -> None:
    ids, _ = restore(desk, message())
    row = desk.row(ids[0])
    assert (row.created_at, row.last_error, row.error_kind) == (desk.now_ms, None, None)


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 120])
def test_ids_are_in_the_order_of_the_messages(desk: Desk, count: int) -> None:
    ids, _ = restore(desk, *[message(str(number)) for number in range(count)])
    assert [desk.row(one).body for one in ids] == [str(number) for number in range(count)]
    assert ids == sorted(ids)


def test_a_held_key_adds_nothing_and_is_answered_by_0(desk: Desk) -> None:
    ids, _ = restore(
        desk, message("1", key="k"), message("2"), message("3", key="k"), message("4", key="k", topic="other")
    )
    assert ids[2] == 0
    assert [desk.row(one).body for one in ids if one] == ["1", "2", "4"]


def test_a_finished_message_neither_holds_a_key_nor_needs_it(desk: Desk) -> None:
    ids, _ = restore(desk, message(key="k"), *[message(key="k", state=State.DONE, finished_at=1)] * 2)
    assert 0 not in ids


def test_counters_follow_what_is_restored(desk: Desk) -> None:
    states = [State.READY, State.DELAYED, State.DEAD, State.DONE, State.DELETED]
    restore(desk, *[message(state=state) for state in states])
    stats = desk.store.topic("mail", desk.now_ms)
    assert (stats.ready, stats.delayed, stats.dead, stats.done, stats.deleted) == (1, 1, 1, 1, 1)


def test_progress_is_recorded_and_answered(desk: Desk) -> None:
    _, record = restore(desk, message(), progress=PROGRESS)
    assert desk.store.imports() == [recorded(PROGRESS, record)]


def test_without_progress_nothing_is_recorded(desk: Desk) -> None:
    assert restore(desk, message()) == ([1], 0)
    assert desk.store.imports() == []


def test_progress_moves_on_from_where_it_was(desk: Desk) -> None:
    _, record = restore(desk, progress=PROGRESS)
    moved = msgspec.structs.replace(
        PROGRESS,
        id=record,
        bytes_taken=20,
        lines_taken=6,
        content_hash="def",
        taken=5,
        rejected=2,
        finished_at=8,
    )
    assert restore(desk, message(), progress=moved)[1] == record
    assert desk.store.imports() == [recorded(msgspec.structs.replace(moved, bytes_before=20), record)]


def test_progress_that_somebody_else_moved_stops_the_messages_too(desk: Desk) -> None:
    _, record = restore(desk, progress=PROGRESS)
    late = msgspec.structs.replace(PROGRESS, id=record, bytes_before=9, bytes_taken=20)
    with pytest.raises(StoreBusy, match=r"another import of /in\.jsonl"):
        restore(desk, message(), progress=late)
    assert desk.store.topics(desk.now_ms) == []
    assert desk.store.imports() == [recorded(PROGRESS, record)]


@pytest.mark.parametrize(
    "differs", [{"name": None}, {"device": 9}, {"inode": 9}, {"name": None, "device": 9}]
)
def test_an_import_that_another_began_meanwhile_does_not_begin(
    desk: Desk, differs: dict[str, object]
) -> None:
    restore(desk, progress=PROGRESS)
    other = msgspec.structs.replace(PROGRESS, **differs)
    if other.name or (other.device, other.inode) == (PROGRESS.device, PROGRESS.inode):
        with pytest.raises(StoreBusy):
            restore(desk, message(), progress=other)
        assert desk.store.topics(desk.now_ms) == []
    else:
        assert restore(desk, message(), progress=other)[0] == [1]


def test_progress_of_one_import_leaves_another_alone(desk: Desk) -> None:
    _, first = restore(desk, progress=PROGRESS)
    _, second = restore(desk, progress=msgspec.structs.replace(PROGRESS, newest_known=first))
    restore(desk, progress=msgspec.structs.replace(PROGRESS, id=second, bytes_taken=20))
    assert [(one.id, one.bytes_taken) for one in desk.store.imports()] == [(second, 20), (first, 10)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, 4),
        ({"name": "feed"}, 3),
        ({"device": 1}, 3),
        ({"inode": 2}, 3),
        ({"device": 1, "inode": 2}, 2),
        ({"name": "feed", "device": 1, "inode": 2}, 1),
    ],
)
def test_imports_are_found_by_all_that_is_given(desk: Desk, wanted: dict[str, object], found: int) -> None:
    for changes in ({}, {"name": "other"}, {"device": 9}, {"inode": 9}):
        restore(desk, progress=msgspec.structs.replace(PROGRESS, newest_known=9, **changes))
    assert len(desk.store.imports(**wanted)) == found  # type: ignore[arg-type]  # names with their values
