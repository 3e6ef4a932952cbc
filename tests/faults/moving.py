"""A consumer and operators on a database, which is then moved away, removed or replaced."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smq_core import Inspector, Queue
from smq_core.store.sqlite.connection import file_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from smq_core import Lease

COMPANIONS = ("", "-wal", "-shm")
AWAY = "away.sqlite3"


class Desk(NamedTuple):
    """A consumer that holds a lease, an operator, and where their database lies."""

    queue: Queue
    operator: Inspector
    reader: Inspector
    held: Lease
    another: Path
    """Where another queue lies."""

    @property
    def path(self) -> Path:
        """Where it lies, or lay."""
        return Path(self.queue.location)


@contextlib.contextmanager
def opened(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give what is open on a database in a folder of its own; each call looks whether it is still there."""
    monkeypatch.setattr(file_place, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(file_place, "GRACE_S", 0.0)
    folder = tmp_path / "folder"
    folder.mkdir()
    path = Path(shutil.copyfile(template, folder / "queue.sqlite3"))
    another = Path(shutil.copyfile(template, tmp_path / "another.sqlite3"))
    with Queue(another, durability="normal") as other:
        other.enqueue("mail", "of the other")
    with (
        Queue(path, durability="normal") as queue,
        Inspector(path) as operator,
        Inspector(path, read_only=True) as reader,
    ):
        queue.enqueue_many("mail", ["first", "second"])
        (held,) = queue.dequeue("mail")
        operator.topics()
        reader.topics()
        yield Desk(queue, operator, reader, held, another)


def close(desk: Desk) -> None:
    """Close all that is open."""
    for one in (desk.queue, desk.operator, desk.reader):
        one.close()


def move(desk: Desk, *suffixes: str) -> None:
    """Rename the database, with what is named of what lies beside it."""
    for suffix in suffixes:
        Path(f"{desk.path}{suffix}").rename(desk.path.with_name(AWAY + suffix))


def put_another(desk: Desk) -> None:
    """Rename another queue to the database's name."""
    desk.another.rename(desk.path)


def put_a_text(desk: Desk) -> None:
    """Rename what is not a database to the database's name."""
    made = desk.path.with_name("made")
    made.write_text("not a database " * 1_000, encoding="utf-8")
    made.rename(desk.path)


def remove(desk: Desk, *suffixes: str) -> None:
    """Remove the database, with what is named of what lies beside it."""
    for suffix in suffixes:
        Path(f"{desk.path}{suffix}").unlink()
