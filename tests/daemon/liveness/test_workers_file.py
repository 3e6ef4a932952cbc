from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.configuration.config import MOST_THREADS
from smq_core.daemon.liveness.workers_file import WorkersFile
from smq_core.daemon.liveness.workers_file_layout import (
    RECORD_SIZE,
    SLOTS,
    RecordHeader,
    SlotRange,
    record_at,
)
from smq_core.daemon.system.process_identity import machine_id, started_at
from smq_core.daemon.wire.slots import Slot
from smq_core.ended import ended_daemons
from smq_core.errors import StoreUnavailable
from tests.daemon.liveness.mapped_slots import mapped_slots

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = RecordHeader("one", 4711, "here", [SlotRange(4712, 0, 2)])


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "queue.sqlite3-workers")


@pytest.fixture
def file(path: str) -> Iterator[WorkersFile]:
    opened = WorkersFile(path)
    yield opened
    opened.close()


def test_each_daemon_has_a_record_of_its_own(file: WorkersFile, path: str) -> None:
    file.claim()
    other = WorkersFile(path)

    assert other.claim().index == 1
    other.close()


def test_a_living_daemon_cannot_be_taken_over(file: WorkersFile, path: str) -> None:
    record = file.claim()
    record.write(HEADER)
    other = WorkersFile(path)

    assert other.take_over(record.index) is None
    other.close()


def test_who_let_go_of_the_lock_has_ended_and_looking_locks_nothing(tmp_path: Path) -> None:
    location = str(tmp_path / "queue.sqlite3")
    assert ended_daemons(location) == frozenset(), "nothing is made by looking"
    assert not Path(f"{location}-workers").exists()
    living, dead = WorkersFile(f"{location}-workers"), WorkersFile(f"{location}-workers")
    living.claim().write(HEADER)
    dead.claim().write(RecordHeader("two", 4712, "here"))
    assert ended_daemons(location) == frozenset()
    dead.close()

    assert ended_daemons(location) == {"two"}
    assert living.take_over(1) is not None
    living.close()


def test_who_let_go_of_the_lock_and_still_runs_has_not_ended(tmp_path: Path) -> None:
    location = str(tmp_path / "queue.sqlite3")
    ending = WorkersFile(f"{location}-workers")
    own = os.getpid()
    ending.claim().write(RecordHeader("one", own, machine_id(), started=started_at(own)))
    ending.close()

    assert ended_daemons(location) == (frozenset() if started_at(own) else {"one"})


def test_a_database_that_is_named_by_a_link_has_the_same_daemons(tmp_path: Path) -> None:
    (tmp_path / "link.sqlite3").symlink_to("queue.sqlite3")
    dead = WorkersFile(str(tmp_path / "queue.sqlite3-workers"))
    dead.claim().write(HEADER)
    dead.close()

    assert ended_daemons(tmp_path / "link.sqlite3") == {HEADER.worker_id}


def test_a_dead_daemon_leaves_what_it_had_started(path: str) -> None:
    dead = WorkersFile(path)
    record = dead.claim()
    record.write(HEADER)
    mapped_slots(dead, record, 2).begin(1, 99, 7, 1.5, 2.5)
    dead.close()

    heir = WorkersFile(path)
    ((index, header),) = heir.headers()
    taken = heir.take_over(index)

    assert header == HEADER
    assert taken is not None
    assert taken.read_slots(HEADER.processes)[1] == Slot(1.5, 2.5, 99, 0, 0, 0, 0, 7)
    heir.close()


def test_a_record_that_was_left_in_good_order_says_nothing(file: WorkersFile) -> None:
    record = file.claim()
    record.write(HEADER)

    record.leave()

    assert list(file.headers()) == []


def test_a_record_with_a_dead_daemon_in_it_is_not_given_to_another(file: WorkersFile, path: str) -> None:
    """Its slots are still needed, by whoever returns its messages."""
    dead = WorkersFile(path)
    dead.claim().write(HEADER)
    dead.close()

    assert file.claim().index == 1


def test_a_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="must be able to write next to its database"):
        WorkersFile(str(tmp_path / "nowhere" / "queue-workers"))


def test_a_header_that_was_half_written_is_none(file: WorkersFile) -> None:
    record = file.claim()
    record.write(HEADER)
    os.pwrite(file.map_fd, b"\xff" * 12, record_at(0) + 8)

    assert list(file.headers()) == []


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system allocates nothing ahead")
def test_a_record_has_its_room_on_the_disk_before_anything_is_written(file: WorkersFile, path: str) -> None:
    """A hole that finds no room later, when the disk is full, would end the daemon by SIGBUS."""
    file.claim()

    assert Path(path).stat().st_blocks * 512 >= RECORD_SIZE


def test_a_record_has_slots_for_the_most_threads_twice() -> None:
    """After a reload the new worker processes stand beside the old ones until these are done."""
    assert SLOTS >= 2 * MOST_THREADS
