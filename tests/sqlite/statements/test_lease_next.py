"""The short way of a dequeue, on the snapshot of one query, and when it leaves the work to the long one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core import Queue
from smq_core.store.sqlite.wal.write_lock import WriteLock

if TYPE_CHECKING:
    import pytest

    from smq_core import Inspector
    from smq_core.testing import ManualClock


def test_a_late_ack_of_the_only_message_leases_nothing(queue: Queue, clock: ManualClock) -> None:
    queue.enqueue("mail", "a")
    (late,) = queue.dequeue("mail", visibility_timeout=1)
    clock.advance(2)
    # reclaimed by a look at another topic, it is ready again and next, under the same receipt
    queue.dequeue("other")

    assert queue.dequeue("mail", ack=late) == []
    assert queue.size("mail") == 0


def test_an_ack_where_the_topic_keeps_history_keeps_it(queue: Queue, inspector: Inspector) -> None:
    inspector.set_policy("mail", keep=60)
    queue.enqueue_many("mail", ["a", "b"])
    (first,) = queue.dequeue("mail")
    (second,) = queue.dequeue("mail", ack=first)

    assert inspector.get(first.message.id).state == "done"
    assert second.message.payload == "b"


def test_a_snapshot_that_others_wrote_behind_is_not_followed(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another consumer takes the message between the query and the write lock."""
    queue.enqueue_many("mail", ["a", "b"])
    taken: list[object] = []
    take = WriteLock.take

    def overtaken(write_lock: WriteLock) -> bool:
        monkeypatch.undo()
        with Queue(queue.location, clock=queue._clock) as other:
            taken.extend(lease.message.payload for lease in other.dequeue("mail"))
        return take(write_lock)

    monkeypatch.setattr(WriteLock, "take", overtaken)

    assert [lease.message.payload for lease in queue.dequeue("mail")] == ["b"]
    assert taken == ["a"]
