"""A database that is moved or replaced under an open queue: nothing goes into files that nobody finds.

The story: a backup is put in the place of a damaged database while a producer runs on.
"""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smq_core import Queue, StoreUnavailable
from smq_core.store import administration, open_store
from tests.faults.invariant import assert_sound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.matrix import Fault

moved_and_replaced = pytest.mark.fault(
    row="the database moved while it is open, and another put in its place",
    part="environment",
    promise="earlier messages are in the moved file, later ones in the file that took its place",
    how="the database is renamed together with its -wal and -shm files, and another smq database is put in "
    "its place",
)


@pytest.fixture
def queue(location: str) -> Iterator[Queue]:
    """Give a queue that is open and holds a message."""
    with Queue(location) as opened:
        opened.enqueue("mail", "first")
        yield opened


@moved_and_replaced
def test_a_database_that_was_moved_away_is_left_and_the_one_that_lies_there_now_is_used(
    queue: Queue, template: Path, fault: Fault
) -> None:
    """The descriptor's inode is looked at: else messages would go on into files that nobody finds."""
    move(queue, "moved")
    Path(queue.location).write_bytes(template.read_bytes())

    assert queue.enqueue("mail", "new") == 1
    queue.close()
    with Queue(Path(queue.location).with_name("moved")) as moved:
        assert [lease.message.payload for lease in moved.dequeue("mail", limit=9)] == ["first"]
    struck(fault, queue)


@moved_and_replaced
def test_leaving_a_moved_database_keeps_the_wal_that_lies_there_now(
    queue: Queue, template: Path, fault: Fault
) -> None:
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
    struck(fault, queue)


@pytest.mark.fault(
    row="the database moved or removed while it is open",
    part="environment",
    promise="the next message is stored durably in a new database at the old path",
    how="the database is renamed or removed together with its -wal and -shm files",
)
@pytest.mark.parametrize("is_removed", [False, True])
def test_a_database_that_is_gone_is_made_anew(queue: Queue, fault: Fault, *, is_removed: bool) -> None:
    if is_removed:
        remove(queue)
    else:
        move(queue, "moved")

    assert queue.enqueue("mail", "new") == 1
    with Queue(queue.location) as other:
        assert other.size("mail") == 1
    struck(fault, queue)


@pytest.mark.fault(
    row="a backup restored while a producer has the database open",
    part="environment",
    promise="from the next message on, the restored database is used; it is undamaged",
    how="the database is removed together with its -wal and -shm files, and an older copy made by `smq "
    "backup` is renamed to its path",
)
def test_a_backup_that_is_restored_under_a_producer(queue: Queue, tmp_path: Path, fault: Fault) -> None:
    queue.enqueue_many("mail", ["x" * 500] * 300)
    for _ in administration(queue.location).backup(str(tmp_path / "backup")):
        pass
    queue.enqueue_many("mail", ["y" * 500] * 300)
    remove(queue)
    (tmp_path / "backup").rename(queue.location)

    queue.enqueue("mail", "new")

    assert queue.size("mail") == 302
    struck(fault, queue)


def struck(fault: Fault, queue: Queue) -> None:
    """Count a run whose database came out whole."""
    queue.close()
    assert_sound(queue.location)
    fault.struck()
    fault.ran()


def remove(queue: Queue) -> None:
    """Remove a database and what lies beside it."""
    for suffix in ("", "-wal", "-shm"):
        Path(queue.location + suffix).unlink()


def wal_of(queue: Queue) -> Path:
    """Return where the -wal lies."""
    return Path(queue.location + "-wal")


def move(queue: Queue, name: str) -> None:
    """Rename a database and what lies beside it."""
    for suffix in ("", "-wal", "-shm"):
        Path(queue.location + suffix).rename(Path(queue.location).with_name(name + suffix))


@moved_and_replaced
def test_a_consumer_that_waits_notices_that_another_database_lies_there(
    queue: Queue, template: Path, fault: Fault
) -> None:
    queue.ack(*queue.dequeue("mail"))
    move(queue, "moved")
    Path(queue.location).write_bytes(template.read_bytes())
    with Queue(queue.location) as other:
        other.enqueue("mail", "new")

        assert [lease.message.payload for lease in queue.dequeue("mail", wait=50)] == ["new"]
    struck(fault, queue)


@moved_and_replaced
def test_a_wait_that_begins_while_nothing_lies_there_ends_with_what_is_put_there(
    queue: Queue, template: Path, fault: Fault
) -> None:
    """There is no -wal to be told of then, so that nobody wakes it."""
    with closing(open_store(queue.location)) as store:
        store.size("mail")
        move(queue, "moved")
        waiter = store.waiter()
        Path(queue.location).write_bytes(template.read_bytes())
        with Queue(queue.location) as other:
            other.enqueue("mail", "new")

        assert waiter.wait(50)
        assert store.size("mail") == 1
        waiter.close()
    struck(fault, queue)


@moved_and_replaced
def test_a_consumer_notices_it_while_it_waits(queue: Queue, template: Path, fault: Fault) -> None:
    """Nothing is written to what it watches any more: it looks once a second."""
    queue.ack(*queue.dequeue("mail"))
    started = threading.Event()

    def wait() -> list[object]:
        queue.dequeue("mail")
        started.set()
        return [lease.message.payload for lease in queue.dequeue("mail", wait=50)]

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        started.wait()
        move(queue, "moved")
        Path(queue.location).write_bytes(template.read_bytes())
        with Queue(queue.location) as other:
            other.enqueue("mail", "new")

            assert waiting.result() == ["new"]
    struck(fault, queue)


@pytest.mark.fault(
    row="the database moved, removed or replaced while it is open, without its -wal file",
    part="environment",
    promise="no id is returned for a message that would be lost; StoreUnavailable says what to do",
    how="the database is renamed or removed, or an older copy is renamed to its path",
)
@pytest.mark.parametrize("how", ["moved", "removed", "replaced"])
def test_a_database_whose_wal_was_left_takes_nothing_more(
    queue: Queue, template: Path, fault: Fault, how: str
) -> None:
    path = Path(queue.location)
    if how == "moved":
        path.rename(path.with_name("moved"))
    elif how == "removed":
        path.unlink()
    else:
        copy = shutil.copyfile(template, path.with_name("copy"))
        copy.rename(path)

    with pytest.raises(StoreUnavailable, match="nothing was written"):
        queue.enqueue("mail", "new")
    fault.struck()
    fault.ran()
