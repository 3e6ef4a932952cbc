"""The only place that chooses a backend.

base            the seam: what a backend can do for queue and daemon
operator_store  the second half of the seam: what operators read and do, and what daemons record
administration  the seam's part for a queue as a whole: create, examine, repair, compact, back up
location        where a queue is, before it is opened
records         the values that cross the seam
failed_message  a message that was not processed, and how the log tells that it is dead
frozen          a set of messages as somebody saw it
described       what an action was aimed at, in the words of the dashboard's filters
sqlite          the backend
"""

# ruff: noqa: PLC0415 - what is imported inside a function loads a part of the backend that few programs need
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from smq_core.clock import Clock
    from smq_core.location import AnyPath
    from smq_core.store.administration import Administration
    from smq_core.store.base import Store
    from smq_core.store.location import Location

__all__ = ["administration", "open_store", "parse_location"]


def parse_location(named: AnyPath | None = None) -> Location:
    """Return the place of the queue that a caller named, or of the default one if none was named.

    The default is what `SIMPLE_MQ_DB` names, or `queue.sqlite3` in the current directory. Nothing is opened.

    Raises:
        StoreUnavailable: for an empty name, which usually comes from a variable that was not set, or for one
            that cannot be a file name.
        UsageError: for a URL with a scheme that smq does not support.
    """
    from smq_core.location import location_named
    from smq_core.store.sqlite.location import SqliteLocation

    return SqliteLocation.of(location_named(named))


def open_store(
    location: AnyPath | Location | None = None,
    *,
    durability: Literal["full", "normal"] = "full",
    read_only: bool = False,
    may_create: bool = True,
    timeout: float = 10.0,
    clock: Clock | None = None,
    prunes_opportunistically: bool = False,
) -> Store:
    """Return the store for a location; it is opened by its first call, which may raise StoreError.

    `timeout` is how long a call waits for others to release the database, in seconds, before it raises
    StoreBusy. With `prunes_opportunistically` its writes remove, now and then and in small steps, what is
    past its time, unless a daemon does.

    Raises:
        StoreUnavailable: as `parse_location` does.
        UsageError: as `parse_location` does.
    """
    from smq_core.errors import StoreUnavailable

    try:
        from smq_core.store.sqlite.session import Session
        from smq_core.store.sqlite.store import SqliteStore
    except OSError as error:
        raise StoreUnavailable(
            f"smq's own files cannot be read ({error.strerror or error}): try again"
        ) from error

    place = _place_of(location)
    session = Session(
        place.address,
        durability=durability,
        read_only=read_only,
        may_create=may_create,
        timeout_s=timeout,
        clock=clock,
    )
    return SqliteStore(session, place, prunes_opportunistically=prunes_opportunistically)


def administration(location: AnyPath | Location | None = None) -> Administration:
    """Return what creates, examines, repairs, compacts and copies the queue at a location; it opens nothing.

    Raises:
        StoreUnavailable: as `parse_location` does.
        UsageError: as `parse_location` does.
    """
    from smq_core.store.sqlite.admin.administration import SqliteAdministration

    return SqliteAdministration(_place_of(location))


def _place_of(location: AnyPath | Location | None) -> Location:
    if location is None or isinstance(location, str | bytes | os.PathLike):
        return parse_location(location)
    return location
