"""Which database is used: the one given, or that of the variable, or the file in the current directory.

It knows names only and opens nothing. An address of a database server may hold a password, and is neither
taken for a file's name nor repeated in a sentence.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smq_core.errors import SmqError, StoreUnavailable, UsageError

if TYPE_CHECKING:
    AnyPath = str | bytes | os.PathLike[str]

__all__ = [
    "DEFAULT_FILE",
    "LOCATION_VARIABLE",
    "NO_FOLDER",
    "absolute",
    "default_location",
    "file_named",
    "location_named",
]

LOCATION_VARIABLE: Final = "SIMPLE_MQ_DB"
"""The environment variable that names the database where no location is given."""
DEFAULT_FILE: Final = "queue.sqlite3"
"""The database in the current directory, unless something else names one."""
NO_FOLDER: Final = "the current directory no longer exists: change to another one, or give absolute paths"
_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+.-]*"
# a `Path` makes one slash of the two; a single letter before one slash may be somebody's short folder
_ADDRESS: Final = re.compile(
    rf"\s*(?P<scheme>{_SCHEME}(?::{_SCHEME})*)://|\s*(?P<cut>{_SCHEME}[A-Za-z0-9+.-]):/"
)
_PARAMETERS: Final = re.compile(r"(?i)(?:^|[\s;?&])(?:password|passwd|pwd)\s*=")
"""What `host=… password=…` and `Server=…;Pwd=…` have in common."""
_USER: Final = re.compile(r"\s*(?://)?[^/@]*:[^/@]*@")
"""The beginning of `user:password@host`, with or without the slashes before it."""


def default_location() -> str:
    """Return the default database: what `SIMPLE_MQ_DB` names, or `queue.sqlite3` in the current directory."""
    return os.environ.get(LOCATION_VARIABLE) or DEFAULT_FILE


def location_named(location: AnyPath | None) -> str:
    """Return the database that a caller named, or the default if none was named.

    An empty name usually comes from a variable that was not set, and must not lead to a different database.

    Raises:
        StoreUnavailable: for an empty name.
        UsageError: for the URL of a database server.
    """
    if location is None:
        return file_named(default_location(), LOCATION_VARIABLE)
    if not (named := file_named(location)):
        raise StoreUnavailable(
            "the database path is empty: give one, or leave it out for "
            f"{file_named(default_location(), LOCATION_VARIABLE)}"
        )
    return named


def file_named(location: AnyPath, what: str = "the database") -> str:
    """Return the name of a file as text; `what` is the subject of a refusal.

    Raises:
        UsageError: for the address of a database server, of which the sentence repeats only the scheme.
    """
    named = os.fsdecode(location)
    if found := _ADDRESS.match(named):
        kind = f"a {found['scheme'] or found['cut']}:// URL"
    elif _PARAMETERS.search(named) or _USER.match(named):
        kind = "a URL with a password"
    else:
        return named
    raise UsageError(
        f"{what} is {kind}, which smq does not support: give the path of a SQLite file (./NAME if a file "
        f"really has that name)"
    )


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return a path as an absolute one.

    Raises:
        SmqError: when the path is relative and the current directory has been removed.
    """
    try:
        return Path(path).absolute()
    except OSError as error:
        raise SmqError(NO_FOLDER) from error
