"""Another program that has a database to itself, as a maintenance tool does: not even readers get in."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Locker"]

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


class Locker:
    """Holds a database until it is told to let go."""

    def __init__(self, location: str) -> None:
        """Take the database; nobody may have it open."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, location], stdin=subprocess.PIPE, stdout=subprocess.PIPE
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
