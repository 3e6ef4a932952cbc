"""A daemon keeps its place in the -workers file whatever is done to the file while it runs."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from smq_core.daemon.liveness.presence import Presence
from smq_core.daemon.liveness.workers_file_layout import FILE_SIZE, RecordHeader, SlotRange, record_at
from smq_core.daemon.log import Journal
from smq_core.daemon.wire.slots import SlotsInFile
from smq_core.ended import ended_daemons
from smq_core.testing import ManualClock
from tests.daemon.liveness.mapped_slots import mapped_slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RANGES = [SlotRange(4711, 0, 4)]


class Place:
    """A daemon's presence and its log."""

    def __init__(self, folder: Path) -> None:
        self.location = str(folder / "q")
        self.path = folder / "q-workers"
        self.log = io.StringIO()
        self.presence = self.join("we")

    def join(self, name: str) -> Presence:
        """Let another daemon come."""
        return Presence(
            str(self.path), None, RecordHeader(name, 4711, "here"), Journal(ManualClock(), stream=self.log)
        )

    def headers(self) -> dict[str, list[SlotRange]]:
        """Return who is present, as any daemon sees it."""
        return {header.worker_id: header.processes for _, header in self.presence.file.headers()}

    def count(self, action: str) -> int:
        """Count lines of the log."""
        return self.log.getvalue().count(f" {action}: ")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.presence.leave(is_told=False)


@pytest.mark.parametrize("length", [0, 5, 4095, record_at(0) + 10, record_at(1), FILE_SIZE - 1])
def test_a_file_that_was_cut_short_gets_its_length_and_header_again(place: Place, length: int) -> None:
    place.presence.note_processes(RANGES)
    os.truncate(place.path, length)

    place.presence.look()

    assert place.path.stat().st_size == FILE_SIZE
    assert place.headers() == {"we": RANGES}
    assert place.presence.file.cuts == 1
    assert place.count("workers_file_cut") == 1


def test_a_file_that_was_written_over_says_again_who_has_it(place: Place) -> None:
    place.path.write_bytes(os.urandom(200_000))
    # written over and cut at once
    place.presence.look()
    place.join("another").leave(is_told=False)

    assert place.headers() == {"we": []}


def test_a_sound_file_is_left_alone(place: Place) -> None:
    before = place.path.stat()

    place.presence.look()

    assert place.path.stat().st_mtime_ns == before.st_mtime_ns
    assert place.log.getvalue() == ""


def test_a_file_that_was_removed_is_made_again_and_told_once(place: Place) -> None:
    place.path.unlink()
    place.presence.look()
    place.presence.look()

    assert place.presence.file.is_in_place
    assert place.headers() == {"we": []}
    assert place.count("workers_file_renewed") == 1


def test_daemons_meet_in_the_file_that_one_of_them_made_again(place: Place) -> None:
    another = place.join("another")
    place.path.unlink()

    another.look()
    place.presence.look()

    assert place.headers() == {"another": [], "we": []}
    assert ended_daemons(place.location) == frozenset()
    another.leave(is_told=False)


def test_who_moved_to_a_new_file_is_not_taken_for_dead_in_the_old_one(place: Place) -> None:
    another = place.join("another")
    old = another.file
    place.path.unlink()

    place.presence.look()

    assert [header.worker_id for _, header in old.headers()] == ["another"]
    another.leave(is_told=False)


def test_what_runs_keeps_the_slots_of_the_file_it_has(place: Place) -> None:
    old_record, old_file = place.presence.record, os.dup(place.presence.file.map_fd)
    mapped = mapped_slots(place.presence.file, old_record, 1)
    place.path.unlink()
    place.presence.look()

    mapped.begin(0, 5, 7, 1.0, 2.0)

    (slot,) = SlotsInFile(old_file, old_record.slots_at(0), 1).started()
    assert (slot.started, slot.deadline) == (1.0, 2.0)
    os.close(old_file)


def folder(path: Path) -> None:
    path.mkdir()


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.with_name("precious").write_bytes(b"precious")
    path.symlink_to("precious")


def foreign(path: Path) -> None:
    path.write_bytes(b"foreign")


@pytest.mark.parametrize("strange", [folder, fifo, link, foreign])
def test_while_something_else_is_in_its_place_the_daemon_goes_on_and_says_so_once(
    place: Place, strange: Callable[[Path], None]
) -> None:
    place.path.unlink()
    strange(place.path)

    place.presence.look()
    place.presence.look()

    assert place.count("workers_file_lost") == 1
    assert place.headers() == {"we": []}
    if place.path.is_dir():
        place.path.rmdir()
    else:
        place.path.unlink()
    place.presence.look()
    assert place.count("workers_file_lost_over") == 1
    assert place.presence.file.is_in_place


def test_leaving_tells_nothing_unless_something_could_not_be_written(place: Place) -> None:
    another = place.join("another")
    another.leave(is_told=True)
    assert ended_daemons(place.location) == {"another"}

    third = place.join("third")
    third.leave(is_told=False)
    assert ended_daemons(place.location) == {"another"}
