"""Copies a database while it is in use, also where it can only be read; how a copy is made is `backup`'s."""

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

__all__ = ["copy"]


def copy(session: Session, target: str) -> Iterator[tuple[int, int]]:
    """Copy a session's database to a new file; yield the bytes done, and in all.

    Raises:
        StoreBusy: when it changed meanwhile, where it can only be read and locks keep nobody out.
        UsageError: when the target is the address of a database server.
    """
    file_named(target, "the backup file")
    # Opened first, so that what is not a queue is refused as by any other call.
    session.connections.get()
    path = session.location
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
