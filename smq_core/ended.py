"""Tells which daemons have ended, by their locks: silence alone may be a daemon that is slow, or was stopped.

It looks and locks nothing, so that it is in nobody's way.
"""

from __future__ import annotations

import os

from smq_core.daemon.berths import unlocked

__all__ = ["ended_daemons"]


def ended_daemons(location: str | os.PathLike[str]) -> frozenset[str]:
    """Answer the ids of daemons on a database that ended without a word, and whose messages nobody returned.

    None where the system does not tell. All of a database's daemons are on one machine, whatever containers
    they are in, as WAL mode needs shared memory: their locks are seen.
    """
    return frozenset(unlocked(f"{os.fspath(location)}-workers"))
