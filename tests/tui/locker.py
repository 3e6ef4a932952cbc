"""Another program that holds a database: for itself alone, as a maintenance tool does, or to write."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Locker", "Writer"]

_PROGRAM: Final = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], isolation_level=None) as connection:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("CREATE TABLE taken(x)")
    print("locked", flush=True)
    sys.stdin.read()
    connection.execute("ROLLBACK")
"""


_WRITER: Final = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1], isolation_level=None) as connection:
    connection.execute("BEGIN IMMEDIATE")
    print("locked", flush=True)
    sys.stdin.read()
    connection.execute("ROLLBACK")
"""


class Locker:
    """Holds a database until it is told to let go; not even readers get in."""

    PROGRAM = _PROGRAM

    def __init__(self, location: str) -> None:
        """Take the database; nobody may have it open."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM, location], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"locked\n"

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        self.let_go()

    def let_go(self) -> None:
        """Give the database back, and end."""
        self._process.communicate()


class Writer(Locker):
    """Holds a database's write lock until it is told to let go; readers get in."""

    PROGRAM = _WRITER
