"""The store's part that copies the whole database into a new file; how a copy is made is `backup`'s."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from smq_core.location import file_named
from smq_core.store.sqlite.database import backup
from smq_core.store.sqlite.driver.raw_connection import connect, translated

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
            UsageError: when the target is the address of a database server.
        """
        file_named(target, "the backup's file")
        # Opened first, so that what is not a queue is refused as by any other call.
        self._session.connections.get()
        with translated(self._session.location), closing(connect(self._session.location)) as source:
            yield from backup.copy(source, self._session.location, target)
