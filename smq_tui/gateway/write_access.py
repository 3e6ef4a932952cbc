"""Whether the operating system lets this user write a database, before an action fails for it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["why_unwritable"]


def why_unwritable(location: str) -> str:
    """Return why a database can only be read, empty when it can be written.

    SQLite also needs its -wal and -shm: to write them, or to make them where they do not exist yet.
    """
    database = Path(os.path.realpath(location))
    for file in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
        written = file if file.exists() else file.parent
        if not os.access(written, os.W_OK):
            return f"this user cannot write to {'the folder ' if written.is_dir() else ''}{written}"
    return ""
