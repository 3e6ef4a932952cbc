"""A database that is moved or replaced under an open queue: nothing goes into files that nobody finds.

The story: a backup is put in the place of a damaged database while a producer runs on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def queue(location: str) -> Iterator[Queue]:
    """Give a queue that is open and holds a message."""
    with Queue(location) as opened:
        opened.enqueue("mail", "first")
        yield opened


def test_a_database_that_was_moved_away_is_left_and_the_one_that_lies_there_now_is_used(
    queue: Queue, template: Path
) -> None:
    """The descriptor's inode is looked at: else messages would go on into files that nobody finds."""
    move(queue, "moved")
    Path(queue.location).write_bytes(template.read_bytes())

    assert queue.enqueue("mail", "new") == 1
    queue.close()
    with Queue(Path(queue.location).with_name("moved")) as moved:
        assert [lease.message.payload for lease in moved.dequeue("mail", limit=9)] == ["first"]


def test_leaving_a_moved_database_keeps_the_wal_that_lies_there_now(queue: Queue, template: Path) -> None:
    """SQLite deletes a -wal by its name when it closes a database as the last one.

    Here it would be another's.
    """
    move(queue, "moved")
    Path(queue.location).write_bytes(template.read_bytes())
    with Queue(queue.location) as other:
        other.enqueue("mail", "of the other")
        inode = wal_of(queue).stat().st_ino
        queue.enqueue("mail", "new")

        assert wal_of(queue).stat().st_ino == inode
        assert other.size("mail") == 2


def test_a_database_that_is_gone_is_made_anew(queue: Queue) -> None:
    move(queue, "moved")

    assert queue.enqueue("mail", "new") == 1


def wal_of(queue: Queue) -> Path:
    """Answer where the -wal lies."""
    return Path(queue.location + "-wal")


def move(queue: Queue, name: str) -> None:
    """Rename a database and what lies beside it."""
    for suffix in ("", "-wal", "-shm"):
        Path(queue.location + suffix).rename(Path(queue.location).with_name(name + suffix))
