"""What every operation pays, counted in calls of Python, which a busy machine does not change.

A call costs 0.2 to 0.3 % of an enqueue: what is checked at each operation for the sake of rare ones adds up.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from smq_core import Payload

BATCH = 100
PAYLOAD: Payload = {"a": 1}
WARM = 3
MOST = {"enqueue": 28, "lease and ack": 44, "look in vain": 34, "enqueue_many": 50, "batch": 84}
"""Two or three more than there are: who needs more should know what they cost (`docs/performance.md`)."""


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """Give a queue whose looks at its file, one a millisecond, are not due at moments of the test's own."""
    monkeypatch.setattr("smq_core.store.sqlite.connection.file_place.LOOK_EVERY_S", 1e6)
    with Queue(tmp_path / "q.db") as opened:
        yield opened


def calls(operation: Callable[[], object]) -> int:
    """Count the functions of Python that an operation calls once everything is open and cached."""
    for _ in range(WARM):
        operation()
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        operation()
    finally:
        sys.setprofile(before)
    return counted


def test_an_enqueue(queue: Queue) -> None:
    assert calls(lambda: queue.enqueue("mail", PAYLOAD)) <= MOST["enqueue"]


def test_a_lease_and_its_ack(queue: Queue) -> None:
    queue.enqueue_many("mail", [PAYLOAD] * (WARM + 1))

    assert calls(lambda: queue.ack(queue.dequeue("mail")[0])) <= MOST["lease and ack"]


def test_a_look_that_finds_nothing(queue: Queue) -> None:
    assert calls(lambda: queue.dequeue("mail")) <= MOST["look in vain"]


def test_a_batch_that_is_added(queue: Queue) -> None:
    assert calls(lambda: queue.enqueue_many("mail", [PAYLOAD] * BATCH)) <= MOST["enqueue_many"]


def test_a_batch_that_is_leased_and_acked(queue: Queue) -> None:
    """Each message costs its `Lease` and the decoding of its payload, no more."""
    queue.enqueue_many("mail", [PAYLOAD] * (BATCH * (WARM + 1)))

    assert calls(lambda: queue.ack_many(queue.dequeue("mail", limit=BATCH))) <= 2 * BATCH + MOST["batch"]
