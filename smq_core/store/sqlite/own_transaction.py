"""Knows of which databases this thread holds the write lock in a transaction of its own.

What this thread then waits for, by whichever of its stores, cannot come: nobody else can write.
"""

from __future__ import annotations

import threading
from typing import Final

from smq_core.errors import UsageError

__all__ = ["OWN", "OwnTransactions"]


class OwnTransactions(threading.local):
    """The paths of a thread's open transactions."""

    def __init__(self) -> None:
        """Begin with none, for each thread."""
        self._paths: set[str] = set()

    def begin(self, path: str) -> None:
        """Note that a transaction is open."""
        self._paths.add(path)

    def end(self, path: str) -> None:
        """Note that it is over; harmless when it is not known."""
        self._paths.discard(path)

    def is_open(self, path: str) -> bool:
        """Say whether a transaction of this thread is open on a database."""
        return path in self._paths

    def require_none(self, path: str, what: str) -> None:
        """Refuse what would wait for this thread itself.

        Raises:
            UsageError: inside a transaction on the database.
        """
        if self.is_open(path):
            raise UsageError(
                f"{what} inside `transaction()` would wait in vain: this thread holds the write lock of "
                f"{path}, so that nobody else can write; do it before or after the `with`"
            )


OWN: Final = OwnTransactions()
