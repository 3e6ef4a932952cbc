"""Files whose names smq derives from other files' names, in folders to which others may write.

Such a file is opened only as what it should be: a regular file under one name. A link that somebody put in
its place is not followed. Paths that a person typed are opened elsewhere, and followed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Access", "grant", "make_derived", "open_derived", "open_or_make_derived"]

_TRIES: Final = 10
"""Between a look and the opening others may make or remove the file."""
# a FIFO, or a terminal, must not stop whoever opens what was put in a file's place
_CAREFUL: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Access(NamedTuple):
    """Who may use a file."""

    mode: int
    uid: int
    gid: int

    @classmethod
    def beside(cls, path: str | os.PathLike[str]) -> Access:
        """Return the access of a database, for files created next to it: who shares one shares the other.

        Raises:
            OSError: when there is none.
        """
        found = Path(path).stat()
        return cls(stat.S_IMODE(found.st_mode) & 0o666, found.st_uid, found.st_gid)


def open_derived(path: str | os.PathLike[str], flags: int = os.O_RDWR) -> int:
    """Open a file that is there, without following a link; return its descriptor.

    Raises:
        OSError: when there is none, it is not a regular file with one name, or it cannot be opened.
    """
    name = os.fspath(path)
    # looked at before it is opened: opening a device may do something already
    _check(os.lstat(name), name)
    descriptor = os.open(name, flags | _CAREFUL)
    with contextlib.ExitStack() as unless_done:
        unless_done.callback(os.close, descriptor)
        _check(os.fstat(descriptor), name)
        os.set_blocking(descriptor, True)
        unless_done.pop_all()
    return descriptor


def make_derived(path: str | os.PathLike[str], access: Access | None = None) -> int:
    """Make a file where nothing is, open for reading and writing; return its descriptor.

    Without an access only its owner may use it. If root creates it next to another user's database, it
    belongs to that user, as SQLite's own files do.

    Raises:
        FileExistsError: when something is there, be it a link that leads nowhere.
        OSError: when it cannot be made.
    """
    mode = 0o600 if access is None else access.mode
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _CAREFUL, mode)
    if access is not None:
        grant(descriptor, access)
    return descriptor


def open_or_make_derived(path: str | os.PathLike[str], access: Access | None = None) -> int:
    """Open a file that is there as `open_derived` does, else make it.

    Raises:
        OSError: as the two do.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            return open_derived(path)
        with contextlib.suppress(FileExistsError):
            return make_derived(path, access)
    raise OSError(errno.EAGAIN, "other programs keep creating and removing it", os.fspath(path))


def grant(descriptor: int, access: Access) -> None:
    """Give a file the owner and mode that it should have, as far as this process may."""
    with contextlib.suppress(OSError):
        if os.geteuid() == 0:
            os.fchown(descriptor, access.uid, access.gid)
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, access.mode)


def _check(found: os.stat_result, name: str) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "it is a symbolic link, which is not followed", name)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a file", name)
    if found.st_nlink > 1:
        raise OSError(errno.EMLINK, "the file has other names (hard links)", name)
    if found.st_nlink == 0:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
