"""Device and inode: what tells a file from all others while it exists."""

from __future__ import annotations

import os

__all__ = ["Identity", "identity_at", "identity_of"]

Identity = tuple[int, int]
"""A file's device and inode."""


def identity_of(status: os.stat_result) -> Identity:
    """Return the identity of the file that was asked for."""
    return status.st_dev, status.st_ino


def identity_at(path: str | os.PathLike[str]) -> Identity | None:
    """Return which file lies at a path; None where nothing does, or it cannot be seen."""
    try:
        found = os.stat(path)  # noqa: PTH116 - between any two reads of a database
    except OSError:
        return None
    return identity_of(found)
