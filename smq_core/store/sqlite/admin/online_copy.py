"""The store's part that copies the whole database into a new file; how a copy is made is `backup`'s."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from smq_core.errors import StoreBusy
from smq_core.location import file_named
from smq_core.store.sqlite.database import backup
from smq_core.store.sqlite.database.peek import glance, surroundings
from smq_core.store.sqlite.driver.raw_connection import connect, is_writable, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.store.sqlite.session import Session

__all__ = ["OnlineCopy"]


class OnlineCopy:
    """Copies the database while it is in use."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def backup(self, target: str) -> Iterator[tuple[int, int]]:
        """Copy the database, consistently and online; yields pages left and in all.

        Raises:
            StoreBusy: when it changed meanwhile, where it can only be read and locks keep nobody out.
            UsageError: when the target is the address of a database server.
        """
        file_named(target, "the backup file")
        # Opened first, so that what is not a queue is refused as by any other call.
        self._session.connections.get()
        path = self._session.location
        if not (is_writable(path) and is_writable(str(Path(path).parent))):
            yield from _copy_as_it_lies(path, target)
            return
        with translated(path), closing(connect(path)) as source:
            yield from backup.copy(source, path, target)


def _copy_as_it_lies(path: str, target: str) -> Iterator[tuple[int, int]]:
    """Copy a database beside which nothing can be made."""
    before = surroundings(path)

    def require_unchanged() -> None:
        if not opened.is_under_lock and surroundings(path) != before:
            raise StoreBusy(f"{path} was changed while it was copied: try again")

    with glance(path, before) as opened:
        yield from backup.copy(opened.connection, path, target, check=require_unchanged)
