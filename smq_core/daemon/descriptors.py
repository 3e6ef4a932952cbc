"""The descriptors that a worker process cannot do without: kept out of the way, and known by what they are.

A handler may close any descriptor, and the next file that it opens gets the number: what we would send then
went into its file.
"""

from __future__ import annotations

import fcntl
import os
import resource
from os import fstat as _fstat
from typing import Final, NamedTuple

__all__ = ["Descriptors", "Identity", "identity_of", "out_of_the_way"]

_HIGHEST: Final = 1024
"""Loops that close descriptors begin low, and most end at a few dozen."""
_PLACES: Final = 32
_LOWEST: Final = 64

Identity = tuple[int, int]
"""Device and inode."""


class _Kept(NamedTuple):
    descriptor: int
    identity: Identity | None
    name: str


class Descriptors:
    """Descriptors by name, each with the identity of what was open there."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: tuple[_Kept, ...] = ()

    def keep(self, descriptor: int, name: str) -> None:
        """Expect from now on that a descriptor stays open on what it is open on."""
        self._kept += (_Kept(descriptor, identity_of(descriptor), name),)

    def lost(self) -> str | None:
        """Return the name of one that was closed, or is open on something else; None while all are well."""
        for descriptor, identity, name in self._kept:
            if identity_of(descriptor) != identity:
                return name
        return None


def identity_of(descriptor: int) -> Identity | None:
    """Return what tells what a descriptor is open on; None: it is not open."""
    try:
        found = _fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def out_of_the_way(descriptor: int) -> int:
    """Move a descriptor to a high number that no command inherits; return where it is now."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    bound = _HIGHEST if limit == resource.RLIM_INFINITY else min(limit, _HIGHEST)
    try:
        moved: int = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(bound - _PLACES, _LOWEST))
    except OSError:  # a limit that leaves no room up there
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the call's own signature
        return descriptor
    os.close(descriptor)
    return moved
