"""Keeps the files of a database small: the -wal, free pages, and the planner's statistics.

It touches no row.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.store.records import Tidied
from smq_core.store.sqlite.admin.file_users import readers

if TYPE_CHECKING:
    from smq_core.store.sqlite.session import Session

__all__ = ["ENOUGH_FREE_PAGES", "TRUNCATE_BYTES", "VACUUM_PAGES", "FileUpkeep"]

TRUNCATE_BYTES: Final = 16 * 1024 * 1024
"""A -wal that is longer is cut off once all of it was copied back."""
VACUUM_PAGES: Final = 200
"""Free pages given back at a time: a transaction of a few milliseconds."""
ENOUGH_FREE_PAGES: Final = 1_000
"""Fewer free pages are left for the messages to come."""


class FileUpkeep:
    """Keeps the files of one database small."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tidy(self) -> Tidied:
        """Copy the -wal back and cut it off when it is long, give some free pages back.

        Answers what is left.
        """
        connection = self._session.connections.get()
        connection.checkpoint()
        wal_bytes = _size(self._session.location + "-wal")
        if wal_bytes > TRUNCATE_BYTES:
            connection.truncate()
            wal_bytes = _size(self._session.location + "-wal")
        is_long = wal_bytes > 2 * TRUNCATE_BYTES
        blockers = ", ".join(map(str, readers(self._session.location))) if is_long else ""
        freed = self._give_pages_back()
        return Tidied(wal_bytes=wal_bytes, freed_pages=freed, readers=blockers)

    def optimize(self) -> None:
        """Renew the planner's statistics where SQLite finds them out of date."""
        self._session.write(lambda db: db.execute("PRAGMA optimize").fetchall())

    def _give_pages_back(self) -> int:
        free = self._session.read(lambda db: db.execute("PRAGMA freelist_count").get)
        if not isinstance(free, int) or free <= ENOUGH_FREE_PAGES:
            return 0
        count = min(VACUUM_PAGES, free - ENOUGH_FREE_PAGES)
        self._session.write(lambda db: db.execute(f"PRAGMA incremental_vacuum({count})").fetchall())
        return count


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
