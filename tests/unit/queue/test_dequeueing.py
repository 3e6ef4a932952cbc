"""A dequeue that waits: what it checks first, and by which clock it gives up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import InvalidMessage

if TYPE_CHECKING:
    from smq_core import Queue


@pytest.mark.parametrize("wait", [-1.0, float("inf"), float("nan")])
def test_a_wait_out_of_range_is_refused_before_anything_is_acked(queue: Queue, wait: float) -> None:
    queue.enqueue("mail", "hello")
    (lease,) = queue.dequeue("mail")
    with pytest.raises(InvalidMessage, match="wait"):
        queue.dequeue("mail", ack=lease, wait=wait)

    queue.ack(lease)


def test_a_wait_is_over_although_the_clock_of_the_messages_stands_still(queue: Queue) -> None:
    assert queue.dequeue("mail", wait=0.01) == []
