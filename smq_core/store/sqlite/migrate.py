"""The schema's migrations, and the way from an older schema to this smq's; it does not look at foreign files.

A migration is a file `NNNN_name.sql`, or several of one number, which run in the order of their names; the
number of the last one is the version of this smq's schema.
"""

from __future__ import annotations

import logging
import re
from contextlib import closing
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite import backup, recognise
from smq_core.store.sqlite.door import connect, exclusive, translated
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    import apsw

__all__ = ["Scripts", "newest_version", "run", "scripts", "upgrade"]

Scripts = tuple[tuple[int, str], ...]
"""Numbers and statements of migrations, ascending."""

_SET_VERSION: Final = query("doors_set_schema_version")
_log: Final = logging.getLogger(__name__)


@cache
def scripts() -> Scripts:
    """Answer every migration."""
    folder = resources.files("smq_core.store.sqlite").joinpath("migrations")
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    numbered = [(re.match(r"(\d{4})_\w+\.sql$", file.name), file) for file in files]
    return tuple((int(match[1]), file.read_text(encoding="utf-8")) for match, file in numbered if match)


def newest_version() -> int:
    """Answer the version of the schema that this smq writes."""
    return scripts()[-1][0]


def run(connection: apsw.Connection, after: int, steps: Scripts | None = None) -> None:
    """Run the migrations after a version (0: the whole schema), in the caller's transaction."""
    for version, script in steps or scripts():
        if version > after:
            connection.execute(script).fetchall()
            connection.execute(_SET_VERSION, (version,))


def upgrade(path: str, now_ms: int, steps: Scripts | None = None) -> None:
    """Bring a queue of an older schema up to date, after a backup beside it; who comes second finds it done.

    Raises:
        StoreError: when it cannot be backed up or written; the queue is then as it was.
    """
    with translated(path), closing(connect(path)) as connection, exclusive(connection):
        found = recognise.look_within(connection, path)
        if found.shape is not recognise.Shape.QUEUE or found.version >= (steps or scripts())[-1][0]:
            return
        kept = backup.beside(path, f"schema-{found.version}", now_ms)
        run(connection, found.version, steps)
        _log.warning(
            "%s had schema %d and was brought up to date; as it was, it lies in %s", path, found.version, kept
        )
