"""What makes or migrates a queue, each on a folder prepared for it, and what has to be found afterwards."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.database import migrate, open_database
from tests.faults.invariant import assert_sound
from tests.sqlite.database.ancestor_file import NOW_MS, fill
from tests.sqlite.database.version_1_file import fill_version_1

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

BODIES: Final = [f"body {number} " + "x" * 400 for number in range(40)]
SENT: Final = "sent"
NAME: Final = "queue.sqlite3"


@dataclass(frozen=True)
class Door:
    """One way in which a file becomes a queue of this smq."""

    prepare: Callable[[Path], None]
    """Lays the file at a path, or nothing."""
    bodies: list[str]
    """Of the messages that are there before and after."""
    table: str = ""
    """Where they stand before, which is backed up; none: there is nothing before."""

    def renew(self, folder: Path) -> None:
        """Begin again in an empty folder."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.prepare(folder / NAME)

    def assert_good(self, folder: Path, sent: tuple[list[str], ...]) -> None:
        """Open what was left, as the next one does; find each message, and something that may be sent."""
        path = folder / NAME
        go_through(path)
        found = _bodies(str(path), "smq_messages")
        assert found[: len(self.bodies)] == self.bodies
        assert found[len(self.bodies) :] in sent
        assert_sound(path)
        assert not list(folder.glob("*-journal"))
        backups = list(folder.glob("*.backup"))
        assert all(_bodies(f"file:{backup}?immutable=1", self.table) == self.bodies for backup in backups)
        assert backups or not self.table


def doors(template: Path) -> dict[str, Door]:
    """Return every door, given an empty queue."""
    return {
        "creation": Door(lambda _: None, []),
        "creation in an empty file": Door(lambda path: path.touch(), []),
        "the ancestor's file": Door(lambda path: _ancestor(path, "delete"), BODIES, "messages"),
        "the ancestor's file in WAL": Door(lambda path: _ancestor(path, "wal"), BODIES, "messages"),
        "schema 1": Door(lambda path: fill_version_1(path, BODIES), BODIES, "smq_messages"),
        "an older schema": Door(lambda path: _older(path, template), BODIES, "smq_messages"),
    }


def add_a_step(patch: pytest.MonkeyPatch) -> None:
    """Let the newest schema have one step more than there is, so that what there is is an older one."""
    version = migrate.newest_version() + 1
    step = "CREATE TABLE smq_more (body TEXT); INSERT INTO smq_more SELECT payload FROM smq_messages"
    steps = (*migrate.scripts(), (version, step))
    patch.setattr(migrate, "scripts", lambda: steps)


def go_through(path: Path) -> None:
    """Make what lies at a path a queue of the newest schema."""
    open_database.prepare(str(path), may_create=True, may_write=True, now_ms=NOW_MS)


def _ancestor(path: Path, mode: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    fill(path, [{"payload": body} for body in BODIES])


def _older(path: Path, template: Path) -> None:
    shutil.copyfile(template, path)
    with closing(sqlite3.connect(path)) as connection:
        rows = [("mail", body) for body in BODIES]
        connection.executemany("INSERT INTO smq_messages(topic, payload) VALUES (?, ?)", rows)
        connection.commit()


def _bodies(name: str, table: str) -> list[str]:
    with closing(sqlite3.connect(name, uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [body for (body,) in connection.execute(f"SELECT payload FROM {table} ORDER BY id")]  # noqa: S608 - our own names
