"""The descriptors that a worker process cannot do without: kept out of the way, and known by what they are.

A handler may close any descriptor, and the next file that it opens gets the number: what we would send then
went into its file.
"""

from __future__ import annotations

import fcntl
import os
import resource
from fcntl import fcntl as _fcntl
from os import fstat as _fstat
from typing import Final, NamedTuple

__all__ = ["Descriptors", "Identity", "identity_of", "out_of_the_way"]

_HIGHEST: Final = 1024
"""Loops that close descriptors begin low, and most end at a few dozen."""
_PLACES: Final = 32
_LOWEST: Final = 64

_SET_MARK: Final[int | None] = getattr(fcntl, "F_SETSIG", None)
_GET_MARK: Final[int] = getattr(fcntl, "F_GETSIG", 0)
_HIGHEST_MARK: Final = 64
_LOWEST_MARK: Final = 34
"""Between them lie the signals that no standard gives a meaning."""

Identity = tuple[int, int]
"""Device and inode."""


class _Kept(NamedTuple):
    descriptor: int
    mark: int
    """What the open file was marked with; 0: it takes no mark."""
    identity: Identity | None
    name: str


class Descriptors:
    """Descriptors by name, each with what tells that it is open on what it was.

    They are looked at after each message, and a mark is read in a fifth of the time that an `fstat` takes.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: tuple[_Kept, ...] = ()

    def keep(self, descriptor: int, name: str) -> None:
        """Expect from now on that a descriptor stays open on what it is open on."""
        mark = _mark(descriptor, _HIGHEST_MARK - len(self._kept))
        self._kept += (_Kept(descriptor, mark, identity_of(descriptor), name),)

    def lost(self) -> str | None:
        """Return the name of one that was closed, or is open on something else; None while all are well."""
        for descriptor, mark, identity, name in self._kept:
            try:
                is_well = (
                    _fcntl(descriptor, _GET_MARK) == mark if mark else identity_of(descriptor) == identity
                )
            except OSError:
                return name
            if not is_well:
                return name
        return None


def identity_of(descriptor: int) -> Identity | None:
    """Return an identity of what a descriptor is open on; None: it is not open."""
    try:
        found = _fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _mark(descriptor: int, mark: int) -> int:
    """Mark an open file; return 0 where that cannot be done.

    The mark is the signal that would tell of input. Nobody asks for one, and no other open file has it.
    """
    if _SET_MARK is None or mark < _LOWEST_MARK:
        return 0
    try:
        _fcntl(descriptor, _SET_MARK, mark)
        return mark if _fcntl(descriptor, _GET_MARK) == mark else 0
    except OSError:
        return 0


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
