"""Determines from their locks which daemons have exited.

Silence proves nothing, as a daemon may be slow or suspended; nor does a process id, as a daemon may run in
another container, where processes have other ids. Nothing is locked here, so that this is in nobody's way.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from smq_core.daemon.liveness import liveness_locks
from smq_core.daemon.liveness.workers_file_layout import HEADER_SIZE, RECORDS, read_header, record_at
from smq_core.daemon.liveness.workers_file_opening import open_to_look, workers_file_path
from smq_core.daemon.system.process_identity import is_alive, machine_id

if TYPE_CHECKING:
    from smq_core.daemon.liveness.workers_file_layout import RecordHeader

__all__ = ["ended_daemons"]


def ended_daemons(location: str | os.PathLike[str]) -> frozenset[str]:
    """Return the ids of daemons on a database that have ended without giving up their records.

    Nobody has returned their messages yet. Empty where the system does not reveal it. A database's daemons
    are all on one machine, whatever containers they are in, because WAL mode needs shared memory: their locks
    are seen.
    """
    if not liveness_locks.CAN_ASK:
        return frozenset()
    try:
        descriptor = open_to_look(workers_file_path(os.path.realpath(location)))
    except (OSError, ValueError):
        return frozenset()
    return frozenset() if descriptor is None else _ended(descriptor)


def _ended(descriptor: int) -> frozenset[str]:
    living: set[str] = set()
    ended: set[str] = set()
    try:
        for at in map(record_at, range(RECORDS)):
            if (header := read_header(os.pread(descriptor, HEADER_SIZE, at))) is not None:
                lives = liveness_locks.is_locked(descriptor, at) or _runs(header)
                (living if lives else ended).add(header.worker_id)
    except OSError:
        return frozenset()
    finally:
        os.close(descriptor)
    return frozenset(ended - living)


def _runs(header: RecordHeader) -> bool:
    """Return whether the process still runs that had a record: a daemon that ends unlocks it first."""
    return header.machine == machine_id() and is_alive(header.pid, header.started)
