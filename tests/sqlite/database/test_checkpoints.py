"""The -wal restarts although writers never rest."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.store.sqlite.admin.tidy import TRUNCATE_BYTES
from smq_core.store.sqlite.wal import checkpoints
from smq_core.store.sqlite.wal.checkpoints import CHECKPOINT_PAGES, Checkpoints
from smq_core.store.sqlite.wal.wal_file import WalFile
from smq_core.store.sqlite.wal.write_lock import WriteLock
from smq_core.testing import EPOCH_MS, make_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.store.base import Store

VFS = "restless"
PAYLOAD = b"x" * 1_000_000
ROUNDS = 20
RESTART_PAGES = 4_000


class RestlessFile(apsw.VFSFile):
    """A file that somebody else writes to whenever a checkpoint does."""

    def __init__(self, vfs: RestlessVfs, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._vfs = vfs
        self._is_database = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write, and let the other one commit at the first write of each checkpoint."""
        super().xWrite(data, offset)
        if self._is_database and self._vfs.is_checkpoint:
            self._vfs.is_checkpoint = False
            write(self._vfs.other)


class RestlessVfs(apsw.VFS):
    """The system's files, but for that."""

    def __init__(self, location: str) -> None:
        super().__init__(VFS, "")
        self.is_checkpoint = False
        self.other = connect(location)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> RestlessFile:  # noqa: N802 - SQLite's name
        """Open a file."""
        return RestlessFile(self, name, flags)


class Restless:
    """A connection whose passive checkpoints are never the last that happens."""

    def __init__(self, location: str) -> None:
        self.vfs = RestlessVfs(location)
        self.connection = connect(location, VFS)
        write(self.connection)  # a database has a -wal from its first write on
        self.wal = WalFile(location)

    def wal_checkpoint(self, mode: int) -> tuple[int, int]:
        """Copy the -wal back while somebody else goes on to write."""
        self.vfs.is_checkpoint = mode == apsw.SQLITE_CHECKPOINT_PASSIVE
        return self.connection.wal_checkpoint(mode=mode)

    def frames(self) -> Iterator[int]:
        """Return the length of the -wal after each of many writes, whose writer copies it back when due."""
        noted, write_lock = Checkpoints(), WriteLock(self.wal)
        self.connection.set_wal_hook(noted.note)
        for _ in range(ROUNDS):
            write(self.connection)
            yield noted.pages
            if noted.is_due:
                noted.run(self, write_lock, time.monotonic)  # type: ignore[arg-type]  # what it uses of a connection

    def close(self) -> None:
        """Close everything."""
        self.wal.close()
        self.connection.close()
        self.vfs.other.close()
        self.vfs.unregister()


def connect(location: str, vfs: str | None = None) -> apsw.Connection:
    connection = apsw.Connection(location, vfs=vfs)
    connection.pragma("wal_autocheckpoint", 0)
    return connection


def write(connection: apsw.Connection) -> None:
    connection.execute("INSERT INTO smq_messages(topic, payload) VALUES ('mail', ?)", (PAYLOAD,))


@pytest.fixture
def restless(location: str) -> Iterator[Restless]:
    made = Restless(location)
    yield made
    made.close()


def test_a_wal_that_is_written_without_rest_stays_short(
    restless: Restless, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "RESTART_PAGES", RESTART_PAGES)
    frames = list(restless.frames())

    assert max(frames) > RESTART_PAGES, "it was long enough to be restarted"
    assert max(frames) < RESTART_PAGES + 3 * CHECKPOINT_PAGES


def test_tidying_cuts_a_long_wal_off(store: Store) -> None:
    for _ in range(6):
        store.enqueue(make_message(body="x" * 4_000_000), EPOCH_MS)
        store.tidy()

    assert Path(f"{store.location.address}-wal").stat().st_size <= TRUNCATE_BYTES
