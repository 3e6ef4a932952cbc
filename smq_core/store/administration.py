"""The seam's part for a queue as a whole: what is done to it before it is open, or while others use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from smq_core.states import State
    from smq_core.store.records import Finding

__all__ = ["Administration"]


class Administration(Protocol):
    """Creates, examines, repairs, compacts and copies the queue at a location."""

    def initialise(self, now_ms: int, words: Mapping[str, State]) -> None:
        """Create the queue if there is none, migrate what an older smq or its ancestor left, else do nothing.

        `words` gives the meaning of status words of the ancestor's table, in addition to the known ones.

        Raises:
            StoreError: when it is not a queue, or cannot be opened or written.
        """
        ...

    def add_to_application(self) -> list[str]:
        """Add a queue to the database of an application; return a sentence for each thing that was done.

        Raises:
            StoreError: when there is no such database, or it already has tables of smq's names.
        """
        ...

    def examine(self, now_ms: int, ended: Collection[str] = frozenset()) -> Iterator[Finding]:
        """Examine the queue and what it depends on, changing nothing; yield a finding for each thing.

        `ended` has the ids of the daemons that are proven to have ended: without it, none counts as dead.
        """
        ...

    def repair(self, now_ms: int, ended: Collection[str] = frozenset()) -> list[str]:
        """Repair what can be repaired, after a backup; return a sentence for each thing that was done.

        `ended` has the ids of the daemons that are proven to have ended: live leases of others stay.

        Raises:
            StoreError: when it is not a queue, or cannot be written.
        """
        ...

    def compact(self) -> tuple[int, int]:
        """Return unused space to the disk; return the size before and after, in bytes.

        Raises:
            StoreError: when there is not enough room for it, or the queue cannot be written.
        """
        ...

    def backup(self, target: str) -> Iterator[tuple[int, int]]:
        """Copy the queue to a new file, consistently, while it is in use; yield the bytes done, and in all.

        Raises:
            StoreError: when the target exists or cannot be written, or the queue cannot be read.
            UsageError: when the target is the address of a database server.
        """
        ...
