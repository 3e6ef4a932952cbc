"""The schema's migrations, and the way from an older schema to this smq's; it does not look at foreign files.

A migration is a file `NNNN_name.sql`, or several of one number, which run in the order of their names; the
number of the last one is the version of this smq's schema. All that are due run in one transaction, after
making a backup next to the file: killed at any point, they leave the older schema whole, or the newer one.
"""

from __future__ import annotations

import logging
import re
from contextlib import closing
from functools import cache
from importlib import resources
from typing import Final

import apsw

from smq_core.errors import StoreUnavailable
from smq_core.store.sqlite.database import backup, identify
from smq_core.store.sqlite.driver import id_range
from smq_core.store.sqlite.driver.raw_connection import connect, exclusive, translated
from smq_core.store.sqlite.queries import query

__all__ = [
    "OLDEST_READABLE",
    "Scripts",
    "definitions",
    "made_by",
    "newest_version",
    "run",
    "scripts",
    "upgrade",
]

Scripts = tuple[tuple[int, str], ...]
"""Numbers and statements of migrations, ascending."""

OLDEST_READABLE: Final = 1
"""The oldest schema whose tables can be read as they are, by who may not migrate them."""

_SET_VERSION: Final = query("doors_set_schema_version")
_EXCHANGED: Final = "smq_messages"
"""The table whose definition a migration exchanges in place, without a look at its rows."""
_DEFINITIONS: Final = query("doors_definitions")
_log: Final = logging.getLogger(__name__)


@cache
def scripts() -> Scripts:
    """Return every migration."""
    folder = resources.files("smq_core.store.sqlite.database").joinpath("migrations")
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    numbered = [(re.match(r"(\d{4})_\w+\.sql$", file.name), file) for file in files]
    return tuple((int(match[1]), file.read_text(encoding="utf-8")) for match, file in numbered if match)


def newest_version() -> int:
    """Return the version of the schema that this smq writes."""
    return scripts()[-1][0]


def run(connection: apsw.Connection, after: int, steps: Scripts | None = None) -> None:
    """Run the migrations after a version (0: the whole schema), in the caller's transaction."""
    for version, script in steps or scripts():
        if version > after:
            connection.execute(script).fetchall()
            connection.execute(_SET_VERSION, (version,))


def upgrade(path: str, now_ms: int, steps: Scripts | None = None) -> None:
    """Migrate a queue with an older schema, after making a backup next to it; who comes second finds it done.

    Raises:
        StoreUnavailable: when its tables were changed, or it cannot be backed up or written; the queue is
            then as it was.
    """
    with translated(path), closing(connect(path)) as connection, exclusive(connection):
        found = identify.look_within(connection, path)
        if found.kind is not identify.DatabaseKind.QUEUE or found.version >= (steps or scripts())[-1][0]:
            return
        _require_unchanged(connection, path, found.version, steps)
        kept = backup.beside(path, f"schema-{found.version}", now_ms)
        run(connection, found.version, steps)
        id_range.renumber(connection)
        _log.warning(
            "%s had schema %d and was migrated; the original file is in %s", path, found.version, kept
        )


def made_by(version: int, steps: Scripts | None = None) -> dict[str, object]:
    """Return the definitions of everything that the migrations up to a version make, by their names."""
    due = tuple(step for step in steps or scripts() if step[0] <= version)
    with closing(apsw.Connection(":memory:")) as connection:
        run(connection, 0, due)
        return definitions(connection)


def definitions(connection: apsw.Connection) -> dict[str, object]:
    """Return the kinds and definitions of everything under our names in a database, by their names."""
    return {str(name): (kind, sql) for name, kind, sql in connection.execute(_DEFINITIONS).fetchall()}


def _require_unchanged(connection: apsw.Connection, path: str, version: int, steps: Scripts | None) -> None:
    """Refuse to exchange the definition of a table that was changed: its rows may not fit the new one.

    Raises:
        StoreUnavailable: when it was changed; nothing was done.
    """
    if definitions(connection).get(_EXCHANGED) != made_by(version, steps).get(_EXCHANGED):
        raise StoreUnavailable(
            f"{path} uses schema version {version}, which is out of date, and cannot be migrated, because of "
            f"a change to the table {_EXCHANGED}: undo that change (such as an added column), then try again"
        )
