"""The only place that chooses a backend.

base            the seam: what a backend can do for queue and daemon
operator_store  the second half of the seam: what operators read and do, and what daemons record
records         the values that cross the seam
failed_message  a message that was not processed, and how the log tells that it is dead
findings        what the doctor reports, as values
frozen          a set of messages as somebody saw it
described       what an action was aimed at, in the words of the dashboard's filters
sqlite          the backend
"""

# ruff: noqa: PLC0415 - what is imported inside a function loads a part of the backend that few programs need
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from smq_core.clock import Clock
    from smq_core.states import State
    from smq_core.store.base import Store
    from smq_core.store.findings import Finding

__all__ = [
    "compact",
    "create",
    "create_into",
    "examine",
    "open_store",
    "repair",
]


def open_store(
    location: str | bytes | os.PathLike[str] | None = None,
    *,
    durability: Literal["full", "normal"] = "full",
    read_only: bool = False,
    may_create: bool = True,
    timeout: float = 10.0,
    clock: Clock | None = None,
    prunes_opportunistically: bool = False,
) -> Store:
    """Return the store for a location; it is opened by its first call, which may raise StoreError.

    `timeout` is how long a call waits for others to let go of the database, in seconds, before it raises
    StoreBusy. With `prunes_opportunistically` its writes remove, now and then and in small steps, what is
    past its time, unless a daemon does.

    Raises:
        StoreUnavailable: for an empty name.
        UsageError: for the address of a database server.
    """
    from smq_core.errors import StoreUnavailable
    from smq_core.location import location_named

    try:
        from smq_core.store.sqlite.session import Session
        from smq_core.store.sqlite.store import SqliteStore
    except OSError as error:
        raise StoreUnavailable(
            f"smq's own files cannot be read ({error.strerror or error}): try again"
        ) from error

    session = Session(
        location_named(location),
        durability=durability,
        read_only=read_only,
        may_create=may_create,
        timeout_s=timeout,
        clock=clock,
    )
    return SqliteStore(session, prunes_opportunistically=prunes_opportunistically)


def create(location: str | os.PathLike[str], now_ms: int, words: Mapping[str, State]) -> None:
    """Create a queue where there is none, migrate what an older smq or its ancestor left, else do nothing.

    `words` says what status words of the ancestor's table mean, beside those that are known.

    Raises:
        StoreError: when it is not a queue, or cannot be opened or written.
    """
    from smq_core.store.sqlite.database import open_database

    open_database.prepare(os.fspath(location), may_create=True, may_write=True, now_ms=now_ms, words=words)


def create_into(location: str | os.PathLike[str]) -> list[str]:
    """Add a queue to the database of an application, and return in words what was done.

    Raises:
        StoreError: when there is no such database, or has tables of our names.
    """
    from smq_core.location import file_named
    from smq_core.store.sqlite.database import open_database

    return open_database.create_into(file_named(location))


def examine(
    location: str | os.PathLike[str], now_ms: int, ended: Collection[str] = frozenset()
) -> Iterator[Finding]:
    """Examine a database and what it lies on, changing nothing; yield a finding for each thing looked at.

    `ended` has the ids of the daemons that are proven to have ended: without it, none is taken for dead.
    """
    from smq_core.store.sqlite.admin import doctor

    return doctor.examine(os.fspath(location), now_ms, ended)


def repair(location: str | os.PathLike[str], now_ms: int, ended: Collection[str] = frozenset()) -> list[str]:
    """Repair what can be repaired, after a backup beside the file; return in words what was done.

    `ended` has the ids of the daemons that are proven to have ended: of no others are live leases taken back.

    Raises:
        StoreError: when the file is not a queue, or cannot be written.
    """
    from smq_core.store.sqlite.admin import repair as mending

    return mending.repair(os.fspath(location), now_ms, ended)


def compact(location: str | os.PathLike[str]) -> tuple[int, int]:
    """Give unused room back to the disk; return the file's bytes before and after.

    Raises:
        StoreError: when there is not room enough for it, or the file cannot be written.
    """
    from smq_core.store.sqlite.admin import compact as compacting

    return compacting.compact(os.fspath(location))
