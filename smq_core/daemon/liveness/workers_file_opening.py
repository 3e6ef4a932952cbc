"""Finds and opens the -workers file, which lies where others may write.

Only a file of ours is used, and no other is written over.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pwd
from typing import TYPE_CHECKING, Final

from smq_core.daemon.liveness import liveness_locks
from smq_core.daemon.liveness.workers_file_layout import (
    EARLIER_RECORD_SIZE,
    FILE_SIZE,
    MAGIC,
    RECORDS,
    is_of_earlier_layout,
)
from smq_core.derived_file import grant, open_derived, open_or_make_derived
from smq_core.errors import StoreUnavailable
from smq_core.file_identity import identity_of

if TYPE_CHECKING:
    from smq_core.derived_file import Access

__all__ = ["open_to_look", "open_twice", "workers_file_path"]

_SHARED_BITS: Final = 0o022
_NOT_OURS: Final = (errno.ELOOP, errno.EINVAL, errno.EMLINK)


def workers_file_path(location: str | os.PathLike[str]) -> str:
    """Return the path of the -workers file of a database, which is given by its path without links."""
    return f"{os.fspath(location)}-workers"


def open_twice(path: str, access: Access | None) -> tuple[int, int]:
    """Open the file twice, and make it where it is missing; return the two descriptors.

    Raises:
        StoreUnavailable: when it cannot be opened, or is not a file of ours.
    """
    try:
        first = open_or_make_derived(path, access)
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(os.close, first)
            _prepare(first, path, access)
            second = open_derived(path)
            unless_done.pop_all()
    except OSError as error:
        raise StoreUnavailable(_sentence(path, error, access)) from error
    if identity_of(os.fstat(first)) != identity_of(os.fstat(second)):
        os.close(first)
        os.close(second)
        raise StoreUnavailable(f"cannot use {path}: it has just been replaced; start the daemon again")
    return first, second


def open_to_look(path: str) -> int | None:
    """Open the file to read it; None where there is no file of ours.

    Raises:
        OSError: when it cannot be opened.
    """
    descriptor = open_derived(path, os.O_RDONLY)
    with contextlib.ExitStack() as unless_ours:
        unless_ours.callback(os.close, descriptor)
        if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
            return None
        unless_ours.pop_all()
    return descriptor


def _prepare(descriptor: int, path: str, access: Access | None) -> None:
    """See whether a file is ours, and make one of an empty file, or of one with the earlier layout."""
    found = os.fstat(descriptor)
    start = os.pread(descriptor, len(MAGIC), 0)
    if access is not None:
        _refuse_stranger(found.st_uid, path, access)
        if found.st_uid != access.uid and os.geteuid() == 0:
            # made by root before: its owner's daemon has to be able to start
            grant(descriptor, access)
    if found.st_size and start != MAGIC:
        _give_up_earlier(descriptor, path, found.st_size)
    if start != MAGIC:
        os.pwrite(descriptor, MAGIC, 0)
    if found.st_size < FILE_SIZE:
        os.ftruncate(descriptor, FILE_SIZE)


def _refuse_stranger(owner: int, path: str, access: Access) -> None:
    """Refuse a file of somebody who has no business with the database."""
    if owner not in {os.geteuid(), 0, access.uid} and not access.mode & _SHARED_BITS:
        raise StoreUnavailable(
            f"cannot use {path}: it belongs to {_name(owner)}, but only {_name(access.uid)} may "
            "write the database; remove the file while no daemon is running"
        )


def _give_up_earlier(descriptor: int, path: str, size: int) -> None:
    """Empty a file that has the earlier layout and that no daemon uses; refuse any other."""
    each = EARLIER_RECORD_SIZE
    records = [os.pread(descriptor, each, index * each) for index in range(RECORDS)]
    if not is_of_earlier_layout(size, records):
        raise StoreUnavailable(
            f"cannot use {path}: smq-daemon did not create it, so it is left unchanged; move it away"
        )
    # one daemon alone empties it, before any has taken a record
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreUnavailable(
            f"cannot use {path}: another smq-daemon is replacing it; start the daemon again"
        ) from error
    try:
        if liveness_locks.CAN_ASK and liveness_locks.is_locked(descriptor, 0, size):
            raise StoreUnavailable(
                f"cannot use {path}: an earlier version of smq-daemon is using it: stop it first"
            )
        if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
            os.ftruncate(descriptor, 0)
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _sentence(path: str, error: OSError, access: Access | None) -> str:
    if error.errno in _NOT_OURS:
        return f"cannot use {path}: {error.strerror}; move it away, and the daemon will create its own file"
    text = f"cannot use {path}: {error.strerror}; the daemon must be able to write next to its database"
    if not isinstance(error, PermissionError) or access is None:
        return text
    try:
        found = os.lstat(path)
    except OSError:
        return text
    return (
        f"cannot use {path}: {error.strerror}; it belongs to {_name(found.st_uid)} (mode "
        f"{found.st_mode & 0o777:o}), the database to {_name(access.uid)}: change the file's "
        "owner, or remove it "
        "while no daemon is running"
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
