"""Creates the schema and brings an older one up to date, each in one transaction; it does not look at foreign files.

A migration is a file `NNNN_name.sql`; the number of the last one is the version of the schema that this smq writes.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    import apsw

__all__ = ["migrate", "newest_version"]

_SET_VERSION: Final = query("doors_set_schema_version")


@cache
def _scripts() -> tuple[tuple[int, str], ...]:
    files = resources.files(__package__).joinpath("migrations").iterdir()
    numbered = ((re.match(r"(\d{4})_\w+\.sql$", file.name), file) for file in files)
    return tuple(
        sorted((int(match[1]), file.read_text(encoding="utf-8")) for match, file in numbered if match)
    )


def newest_version() -> int:
    """Answer the version of the schema that this smq writes."""
    return _scripts()[-1][0]


def migrate(connection: apsw.Connection, from_version: int) -> None:
    """Run every migration after a version (0: the whole schema), in the caller's transaction."""
    for version, script in _scripts():
        if version > from_version:
            connection.execute(script)
            connection.execute(_SET_VERSION, (version,))
