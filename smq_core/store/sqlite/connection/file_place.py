"""Whether the files at a database's path are still those that a connection has open.

Nobody would find what is written into files that were moved away, removed or replaced. The path's inode is
asked for, which opens nothing.
"""

from __future__ import annotations

import ctypes
import enum
import os
from typing import TYPE_CHECKING, Final

import apsw

from smq_core.errors import StoreUnavailable
from smq_core.file_identity import identity_at

if TYPE_CHECKING:
    from smq_core.store.sqlite.driver.connection_settings import Settings
    from smq_core.store.sqlite.wal.wal_file import WalFile

__all__ = ["GRACE_S", "LOOK_EVERY_S", "FilePlace", "PathState"]

_HAS_MOVED: Final = apsw.SQLITE_FCNTL_HAS_MOVED
"""Found once: the driver answers for each of its names by a function, which shows in an enqueue."""
LOOK_EVERY_S: Final = 0.001
"""How often those look who flush nothing: they lose a millisecond's acks and leases at most, and repeat them.
A look at each call would be 20 % of an `enqueue` without a flush; so rarely it is 1 % (measured)."""
GRACE_S: Final = 1.0
"""How long those who wait for messages bear with a database that is away, while another is put there."""


class PathState(enum.Enum):
    """What lies at the path."""

    OURS = enum.auto()
    """What is open."""
    ANOTHER = enum.auto()
    """Another database, or ours with a -wal that is not."""
    EMPTY = enum.auto()
    """An empty file, into which a database may be about to be copied."""
    NOTHING = enum.auto()
    """Nothing: all of it was moved away or removed."""
    WAL_ALONE = enum.auto()
    """Our -wal beside no database, or beside another one, into which it would be mixed."""


class FilePlace:
    """The path of one open connection."""

    __slots__ = (
        "_db",
        "_moved",
        "_moved_at",
        "_path",
        "_settings",
        "_wal",
        "_wal_identity",
        "away_since",
        "identity",
        "look_at",
    )

    def __init__(
        self, db: apsw.Connection, settings: Settings, wal: WalFile | None, *, is_immutable: bool
    ) -> None:
        """Remember the files that a connection has just opened; `wal` where it may write."""
        self._db = db
        self._settings = settings
        self._path = settings.path
        self._wal = wal
        self._wal_identity = None if wal is not None or is_immutable else identity_at(settings.path + "-wal")
        self._moved = ctypes.c_int(0)
        self._moved_at = ctypes.addressof(self._moved)
        self.identity = identity_at(settings.path)
        """The database's; None when it was gone at once."""
        self.look_at = 0.0
        """When to look again, by the monotonic clock."""
        self.away_since: float | None = None
        """When it was first seen that the open files are not those at the path; None: they are."""

    def put_off(self) -> None:
        """Let the next look of those who need not look each time wait."""
        self.look_at = self._settings.monotonic() + LOOK_EVERY_S

    def has_moved(self) -> bool:
        """Check whether the database at the path is not the open one."""
        # SQLite compares nothing for one that it reads as immutable
        self._db.file_control("main", _HAS_MOVED, self._moved_at)
        return self._moved.value != 0 or (self._wal is None and identity_at(self._path) != self.identity)

    def look(self) -> PathState:
        """Return what lies at the path now, and note since when it is not what is open."""
        found = self._found()
        if found is PathState.OURS:
            self.away_since = None
        elif self.away_since is None:
            self.away_since = self._settings.monotonic()
        return found

    def is_briefly_away(self) -> bool:
        """Check whether the files were found away a moment ago, so that others may just be put there."""
        since = self.away_since
        return since is not None and self._settings.monotonic() - since < GRACE_S

    def refuse(self, found: PathState) -> None:
        """Refuse to work on files that nobody would find, where no others take their place.

        Raises:
            StoreUnavailable: nothing lies at the path, an empty file, or our -wal alone.
        """
        if found is PathState.WAL_ALONE:
            raise StoreUnavailable(
                f"{self._path} was moved, replaced or removed while it was open, but its WAL file was not: "
                "nothing was written. Close every program that uses it, then put a database there, with its "
                "-wal file if it has one"
            )
        if found in {PathState.NOTHING, PathState.EMPTY}:
            raise StoreUnavailable(
                f"{self._path} was moved away or removed while it was open: nothing was written. Put it "
                "back, or create a new one there with `smq init`"
            )

    def require_ours(self) -> None:
        """Check, before a commit, that the database was not moved since its transaction began.

        Raises:
            StoreUnavailable: it was.
        """
        if self.has_moved():
            raise StoreUnavailable(
                f"{self._path} was moved, replaced or removed during the transaction: nothing was written. "
                "Repeat it on the database that is there now"
            )

    def _found(self) -> PathState:
        has_moved = self.has_moved()
        if self._is_wal_ours():
            return PathState.WAL_ALONE if has_moved else PathState.OURS
        if not has_moved:
            return PathState.OURS if self._wal is None else PathState.ANOTHER
        try:
            size = os.stat(self._path).st_size  # noqa: PTH116 - as `identity_at` asks
        except OSError:
            return PathState.NOTHING
        return PathState.ANOTHER if size else PathState.EMPTY

    def _is_wal_ours(self) -> bool:
        if self._wal is not None:
            return self._wal.is_current()
        return self._wal_identity is not None and identity_at(self._path + "-wal") == self._wal_identity
