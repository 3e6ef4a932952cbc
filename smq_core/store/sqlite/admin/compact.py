"""Rewrites a database without its free pages and gives them back to the disk; readers go on, writers wait."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.errors import NotAQueue, StoreUnavailable
from smq_core.store.sqlite.admin.pages import pages_of
from smq_core.store.sqlite.database import identify
from smq_core.store.sqlite.database.one_name import refuse_second_name
from smq_core.store.sqlite.driver.raw_connection import connect, translated, why_not_writable
from smq_core.store.sqlite.location import resolved

if TYPE_CHECKING:
    import apsw

__all__ = ["compact"]

_TEMPORARY: Final = ("/var/tmp", "/usr/tmp", "/tmp")  # noqa: S108 -- where SQLite looks, not where we write


def compact(path: str) -> tuple[int, int]:
    """Compact the queue at a path, and return its bytes before and after.

    SQLite writes the whole content twice: into its temporary folder, and into the -wal.

    Raises:
        StoreUnavailable: it may not be written, or the disk has no room for that; nothing was begun.
        StoreBusy: another connection is writing.
    """
    path = resolved(path)
    refuse_second_name(path)
    if identify.look(path).kind is not identify.DatabaseKind.QUEUE:
        raise NotAQueue(f"{path} is not a queue: nothing was compacted")
    if why := why_not_writable(path):
        raise StoreUnavailable(f"{why}: nothing was compacted; change its permissions")
    before = Path(path).stat().st_size
    with translated(path), closing(connect(path)) as connection:
        _require_room(path, _content(connection))
        connection.execute("PRAGMA temp_store = FILE")
        if connection.execute("PRAGMA application_id").get == identify.APPLICATION_ID:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return before, Path(path).stat().st_size


def _content(connection: apsw.Connection) -> int:
    pages = pages_of(connection)
    return pages.size * (pages.total - pages.free)


def _require_room(path: str, content: int) -> None:
    folder, temporary = Path(path).parent, Path(_temporary_folder())
    is_same = folder.stat().st_dev == temporary.stat().st_dev
    for place, needed in ((folder, content * 2 if is_same else content), (temporary, content)):
        free = shutil.disk_usage(place).free
        if free < needed:
            raise StoreUnavailable(
                f"compacting {path} needs {needed:,} bytes in {place}, where {free:,} are "
                "free: free some space, "
                "or set SQLITE_TMPDIR to a folder on another disk. Nothing was changed"
            )


def _temporary_folder() -> str:
    """Return the folder that SQLite takes for its temporary file: the first of its list that can be used."""
    candidates = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_TEMPORARY)
    usable = (
        name for name in candidates if name and Path(name).is_dir() and os.access(name, os.W_OK | os.X_OK)
    )
    return next(usable, ".")
