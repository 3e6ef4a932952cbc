"""Knows of which databases this thread holds the write lock in its own transaction.

What this thread then waits for, by whichever of its stores, cannot come: no other connection can write.
"""

from __future__ import annotations

import threading
import weakref
from typing import Final, Protocol

from smq_core.errors import UsageError

__all__ = ["OWN", "OwnTransactions", "TransactionOwner"]


class TransactionOwner(Protocol):
    """A connection."""

    @property
    def is_in_transaction(self) -> bool:
        """Return whether its transaction is open."""
        ...


class OwnTransactions(threading.local):
    """The paths of a thread's open transactions, and whose they are."""

    def __init__(self) -> None:
        """Begin with none, for each thread."""
        self._holders: weakref.WeakValueDictionary[str, TransactionOwner] = weakref.WeakValueDictionary()

    def begin(self, path: str, holder: TransactionOwner) -> None:
        """Note that a transaction is open."""
        self._holders[path] = holder

    def end(self, path: str) -> None:
        """Note that it is over; harmless when it is not known."""
        self._holders.pop(path, None)

    def is_open(self, path: str) -> bool:
        """Return whether a transaction of this thread is open on a database.

        Its connection knows: an interrupt may have kept the end from being noted here.
        """
        holder = self._holders.get(path)
        return holder is not None and holder.is_in_transaction

    def require_none(self, path: str, what: str) -> None:
        """Refuse what would wait for this thread itself.

        Raises:
            UsageError: inside a transaction on the database.
        """
        if self.is_open(path):
            raise UsageError(
                f"{what} inside `transaction()` could never succeed: this thread holds the write lock of "
                f"{path}, so no other connection can write; call it before or after the `with`"
            )


OWN: Final = OwnTransactions()
