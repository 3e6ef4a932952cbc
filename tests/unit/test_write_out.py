"""The disk begins with the -wal of consumers, who flush nothing, long before it is copied back."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from smq_core import Queue
from smq_core.store.sqlite import checkpoints, wal
from smq_core.store.sqlite.checkpoints import (
    CHECKPOINT_PAGES,
    CONSUMERS_FACTOR,
    WRITE_OUT_PAGES,
    Checkpoints,
)
from smq_core.store.sqlite.write_out import begin_to_write

if TYPE_CHECKING:
    import apsw

OVERDUE_PAGES = CONSUMERS_FACTOR * CHECKPOINT_PAGES + CHECKPOINT_PAGES // 4


class Step(NamedTuple):
    """What a consumer did after a commit."""

    pages: int
    began: bool
    copied: bool


class Consumer:
    """The -wal of somebody who flushes nothing, with as many frames as a test says."""

    def __init__(self) -> None:
        self._noted = Checkpoints()
        self._begun = 0

    def write_out(self) -> None:
        """Count the calls, as the -wal that is to be written out."""
        self._begun += 1

    def wal_checkpoint(self, mode: int) -> tuple[int, int]:  # noqa: ARG002 - as apsw has it
        """Copy everything back, as the database."""
        return self._noted.pages, self._noted.pages

    def commit(self, pages: int) -> Step:
        """Commit, after which the -wal has so many frames, and do what there is to do."""
        database: apsw.Connection = self  # type: ignore[assignment]  # what is used of it
        self._noted.note(database, "main", pages)
        begun, is_overdue = self._begun, self._noted.is_overdue
        if self._noted.has_more and is_overdue:
            self._noted.run(database, None, None)  # type: ignore[arg-type]  # not used below RESTART_PAGES
        elif self._noted.has_more:
            self._noted.write_out(self)  # type: ignore[arg-type]  # as above
        return Step(pages, began=self._begun > begun, copied=is_overdue)


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


def test_the_disk_begins_a_step_at_a_time_and_is_ready_before_the_copy(consumer: Consumer) -> None:
    steps = [consumer.commit(pages) for pages in range(10, OVERDUE_PAGES + 10, 10)]

    assert [step.pages for step in steps if step.began] == [
        WRITE_OUT_PAGES * number for number in range(1, CONSUMERS_FACTOR + 1)
    ]
    assert [step.pages for step in steps if step.copied] == [OVERDUE_PAGES]


def test_a_wal_that_began_anew_is_counted_from_its_start(consumer: Consumer) -> None:
    consumer.commit(WRITE_OUT_PAGES - 1)
    consumer.commit(WRITE_OUT_PAGES)

    assert not consumer.commit(5).began, "it is short again"
    assert not consumer.commit(WRITE_OUT_PAGES).began, "less than a step since then"
    assert consumer.commit(5 + WRITE_OUT_PAGES).began


def test_after_a_copy_the_next_one_waits_for_as_much_again(consumer: Consumer) -> None:
    consumer.commit(OVERDUE_PAGES)
    consumer.commit(10)

    assert not consumer.commit(OVERDUE_PAGES - 1).copied
    assert consumer.commit(OVERDUE_PAGES).copied


def test_a_consumer_has_the_disk_begin_and_a_producer_who_flushes_does_not(
    queue: Queue, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    monkeypatch.setattr(wal, "begin_to_write", begun.append)
    monkeypatch.setattr(checkpoints, "WRITE_OUT_PAGES", 50)
    for number in range(60):
        queue.enqueue("mail", number)
    of_producer = len(begun)
    with Queue(location) as consumer:
        while leases := consumer.dequeue("mail"):
            consumer.ack(leases[0])

    assert of_producer == 0
    # 60 leases and acks of 3 pages each, at least
    assert len(begun) >= 60 * 6 // 50 - 1


def test_what_is_begun_stays_as_it_was_written() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * 100_000)
        file.flush()
        begin_to_write(file.fileno())
        os.fdatasync(file.fileno())

        assert os.pread(file.fileno(), 200_000, 0) == b"x" * 100_000


@pytest.mark.parametrize("kind", ["closed", "pipe"])
def test_a_file_that_cannot_be_written_out_is_left_to_the_flush(kind: str) -> None:
    reading, writing = os.pipe()
    try:
        begin_to_write(-1 if kind == "closed" else writing)
    finally:
        os.close(reading)
        os.close(writing)
