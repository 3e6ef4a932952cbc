"""Finds which daemons have ended, by their locks: silence alone may be a daemon that is slow, or was stopped.

It looks and locks nothing, so that it is in nobody's way.
"""

from __future__ import annotations

import os

from smq_core.daemon.liveness import liveness_locks
from smq_core.daemon.liveness.workers_file_layout import HEADER_SIZE, RECORDS, read_header, record_at
from smq_core.daemon.liveness.workers_file_opening import open_to_look, workers_file_path

__all__ = ["ended_daemons"]


def ended_daemons(location: str | os.PathLike[str]) -> frozenset[str]:
    """Return the ids of daemons on a database that ended without a word, and whose messages nobody returned.

    None where the system does not tell. All of a database's daemons are on one machine, whatever containers
    they are in, as WAL mode needs shared memory: their locks are seen.
    """
    if not liveness_locks.CAN_ASK:
        return frozenset()
    try:
        descriptor = open_to_look(workers_file_path(location))
    except OSError:
        return frozenset()
    return frozenset() if descriptor is None else _ended(descriptor)


def _ended(descriptor: int) -> frozenset[str]:
    living: set[str] = set()
    ended: set[str] = set()
    try:
        for at in map(record_at, range(RECORDS)):
            if (header := read_header(os.pread(descriptor, HEADER_SIZE, at))) is not None:
                (living if liveness_locks.is_locked(descriptor, at) else ended).add(header.worker_id)
    except OSError:
        return frozenset()
    finally:
        os.close(descriptor)
    return frozenset(ended - living)
