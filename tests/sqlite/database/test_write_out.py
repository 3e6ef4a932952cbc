"""The disk begins with the -wal of consumers, who flush nothing, long before it is copied back."""

from __future__ import annotations

import os
import tempfile
from typing import NamedTuple

import pytest

from smq_core import Queue
from smq_core.store.sqlite.wal import checkpoints, wal_file
from smq_core.store.sqlite.wal.checkpoints import (
    CHECKPOINT_PAGES,
    CONSUMERS_PAGES,
    GRACE_PAGES,
    WRITE_OUT_PAGES,
    Checkpoints,
)
from smq_core.store.sqlite.wal.write_out import begin_to_write

OVERDUE_PAGES = CHECKPOINT_PAGES + CONSUMERS_PAGES + GRACE_PAGES


class Step(NamedTuple):
    """What somebody did after a commit."""

    pages: int
    began: bool
    copied: bool


class Somebody:
    """One who commits to a -wal that has as many frames as a test says."""

    def __init__(self, *, flushes: bool) -> None:
        self._noted = Checkpoints()
        self._flushes = flushes

    def commit(self, pages: int) -> Step:
        """Commit, after which the -wal has so many frames, and do what there is to do."""
        noted = self._noted
        noted.note(None, "main", pages)  # type: ignore[arg-type]  # not used
        copies = noted.is_due if self._flushes else noted.is_overdue
        begins = noted.needs_care and not copies and not self._flushes
        if copies:
            noted.put_off()
        elif begins:
            noted.write_out(Disk())  # type: ignore[arg-type]  # what is used of it
        return Step(pages, began=begins, copied=copies)


class Disk:
    """A -wal that is never written out."""

    def write_out(self) -> None:
        """Do nothing."""


@pytest.fixture
def producer() -> Somebody:
    return Somebody(flushes=True)


@pytest.fixture
def consumer() -> Somebody:
    return Somebody(flushes=False)


def test_the_disk_begins_a_step_at_a_time_and_is_ready_before_the_copy(consumer: Somebody) -> None:
    steps = [consumer.commit(pages) for pages in range(10, OVERDUE_PAGES + 10, 10)]

    assert [step.pages for step in steps if step.began] == [
        *range(WRITE_OUT_PAGES, OVERDUE_PAGES, WRITE_OUT_PAGES)
    ]
    assert [step.pages for step in steps if step.copied] == [OVERDUE_PAGES]


def test_a_producer_copies_a_shorter_wal_than_a_consumer(producer: Somebody, consumer: Somebody) -> None:
    assert not producer.commit(CHECKPOINT_PAGES - 1).copied
    assert producer.commit(CHECKPOINT_PAGES).copied
    assert not consumer.commit(OVERDUE_PAGES - 1).copied
    assert consumer.commit(OVERDUE_PAGES).copied


def test_a_wal_that_began_anew_is_counted_from_its_start(consumer: Somebody) -> None:
    consumer.commit(WRITE_OUT_PAGES - 1)
    consumer.commit(WRITE_OUT_PAGES)

    assert not consumer.commit(5).began, "it is short again"
    assert not consumer.commit(WRITE_OUT_PAGES - 1).began
    assert consumer.commit(WRITE_OUT_PAGES).began


def test_a_copy_that_could_not_shorten_the_wal_is_not_tried_at_each_commit(producer: Somebody) -> None:
    """A reader of an old state holds the -wal; or the disk fails."""
    copied = [pages for pages in range(CHECKPOINT_PAGES, 3_000) if producer.commit(pages).copied]

    assert copied == [*range(CHECKPOINT_PAGES, 3_000, GRACE_PAGES)]


def test_a_reader_who_was_in_the_way_once_is_forgotten_when_the_wal_begins_anew(
    producer: Somebody, consumer: Somebody
) -> None:
    for pages in range(1, 40_000, 50):
        producer.commit(pages)
        consumer.commit(pages)
    producer.commit(5)
    consumer.commit(5)

    assert producer.commit(CHECKPOINT_PAGES).copied
    assert consumer.commit(OVERDUE_PAGES).copied


def test_a_consumer_has_the_disk_begin_and_a_producer_who_flushes_does_not(
    queue: Queue, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    monkeypatch.setattr(wal_file, "begin_to_write", begun.append)
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
