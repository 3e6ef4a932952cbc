"""The place of a queue in a SQLite file: its path."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from smq_core.errors import StoreUnavailable
from smq_core.location import NO_FOLDER

__all__ = ["SqliteLocation", "resolved"]


@dataclass(frozen=True, slots=True)
class SqliteLocation:
    """A file, by its absolute path."""

    path: str
    """Without links: SQLite keeps -wal and -shm beside the file that they lead to."""
    name: str
    """The path as it was named."""

    @classmethod
    def of(cls, named: str) -> Self:
        """Return the place of a file by its name, which may be relative.

        Raises:
            StoreUnavailable: as `resolved` does.
        """
        return cls(resolved(named), str(Path(named).absolute()))

    @property
    def address(self) -> str:
        """The path."""
        return self.path

    def exists(self) -> bool:
        """Return whether there is a file."""
        return os.path.exists(self.path)  # noqa: PTH110 - a Path fails for names that are too long

    def describe(self) -> str:
        """Return the path as that of a SQLite database."""
        return f"the SQLite database {self.name}"


def resolved(path: str) -> str:
    """Return the absolute path of the file that a path leads to: SQLite keeps -wal and -shm beside that one.

    Raises:
        StoreUnavailable: no file can have such a path, or it is relative to a folder that has been removed.
    """
    try:
        path.encode()
        return os.path.realpath(path)
    except (UnicodeEncodeError, ValueError) as error:
        raise StoreUnavailable(
            f"{path!a} cannot be the path of a database: give a plain-text path"
        ) from error
    except OSError as error:
        raise StoreUnavailable(NO_FOLDER) from error
