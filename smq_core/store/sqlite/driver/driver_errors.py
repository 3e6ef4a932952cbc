"""Turns the driver's errors into smq's, with what failed, on what, and what to do.

No driver error leaves `smq_core.store`.
"""

from __future__ import annotations

import apsw

from smq_core.errors import NotAQueue, StoreBusy, StoreCorrupt, StoreError, StoreUnavailable
from smq_core.store.sqlite.driver.descriptor_shortage import shortage, shortage_told_by
from smq_core.store.sqlite.driver.id_range import USED_UP

__all__ = ["FAILURES", "is_of_rules", "is_of_text", "is_stale", "translate", "unavailable"]

FAILURES = (apsw.Error, UnicodeDecodeError, OSError)
"""What running a statement raises: the driver's errors, Python's for stored text that is not UTF-8, and the
system's for the -wal and the write lock on it."""

_ENDING = (apsw.IOError, apsw.FullError, apsw.CorruptError)
"""After which SQLite may end a transaction by itself."""

_RULES = (
    apsw.SQLITE_CONSTRAINT_CHECK,
    apsw.SQLITE_CONSTRAINT_DATATYPE,
    apsw.SQLITE_CONSTRAINT_NOTNULL,
)
_STALE = (
    "this program still has a read transaction open that began before the last write to {path}: nothing was "
    "written; end that transaction and try again"
)

_SENTENCES: tuple[tuple[type[apsw.Error], type[StoreError], str], ...] = (
    (
        apsw.BusyError,
        StoreBusy,
        "another program has the database {path} locked ({error}): try again, or find it with `smq doctor`",
    ),
    (
        apsw.LockedError,
        StoreBusy,
        "another statement in this process has the database {path} locked ({error}): try again",
    ),
    (
        apsw.ProtocolError,
        StoreBusy,
        "the database {path} could not be locked ({error}): try again",
    ),
    (
        apsw.CorruptError,
        StoreCorrupt,
        "the database {path} is damaged ({error}): run `smq doctor`, then restore a backup",
    ),
    (apsw.NotADBError, NotAQueue, "{path} is not a SQLite database ({error})"),
    (
        apsw.FullError,
        StoreUnavailable,
        "no room to write {path} ({error}): free disk space and try again; nothing was lost",
    ),
    (
        apsw.ReadOnlyError,
        StoreUnavailable,
        "{path} cannot be written ({error}): check the permissions of the file and its folder",
    ),
    (
        apsw.CantOpenError,
        StoreUnavailable,
        "{path} cannot be opened ({error}): check that it exists and is readable",
    ),
    (
        apsw.PermissionsError,
        StoreUnavailable,
        "permission to use {path} was denied ({error}): check its permissions",
    ),
    (apsw.IOError, StoreUnavailable, "reading or writing {path} failed ({error}): check the disk"),
    (apsw.InterruptError, StoreError, "the query on {path} was cancelled"),
)


def translate(error: apsw.Error | UnicodeDecodeError | OSError, path: str) -> StoreError:
    """Return the smq error to raise from an error of the driver or the system on the database at `path`."""
    if isinstance(error, OSError):
        return unavailable(path, error, "check the disk, and the permissions of the file and its folder")
    if isinstance(error, UnicodeDecodeError):
        return StoreCorrupt(
            f"another program wrote text that is not UTF-8 into {path} ({error.reason}): "
            "find the row with a database browser and repair or remove it"
        )
    error = _cause_of(error)
    if is_stale(error):
        return StoreBusy(_STALE.format(path=path))
    if isinstance(error, apsw.CantOpenError | apsw.IOError) and (why := shortage()):
        return StoreUnavailable(f"{path} cannot be opened ({error}): {why}")
    if isinstance(error, apsw.ConstraintError) and "smq_id" in str(error):
        return StoreUnavailable(USED_UP.format(path=path))
    for driver_type, our_type, sentence in _SENTENCES:
        if isinstance(error, driver_type):
            return our_type(sentence.format(path=path, error=error))
    return StoreError(f"a statement on {path} failed: {error}")


def is_stale(error: apsw.Error) -> bool:
    """Check whether a write was refused because its connection still reads an older state."""
    return getattr(error, "extendedresult", None) == apsw.SQLITE_BUSY_SNAPSHOT


def unavailable(path: str, error: OSError, advice: str) -> StoreUnavailable:
    """Return the smq error to raise from an error of the system on a file: what it is, and what to do."""
    if why := shortage_told_by(error):
        return StoreUnavailable(f"{path} cannot be opened: {why}")
    return StoreUnavailable(f"{path} cannot be used ({error.strerror or error}): {advice}")


def is_of_text(error: StoreError) -> bool:
    """Check whether an error came from stored text that is not UTF-8."""
    return isinstance(error.__cause__, UnicodeDecodeError)


def is_of_rules(error: StoreError) -> bool:
    """Check whether an error came from a row that the table's own rules refuse: a CHECK, a type, a NULL."""
    cause = error.__cause__
    return isinstance(cause, apsw.ConstraintError) and getattr(cause, "extendedresult", None) in _RULES


def _cause_of(error: apsw.Error) -> apsw.Error:
    """Return why SQLite ended a transaction.

    It does so by itself where the disk fails; what leaves a savepoint then finds none, and complains of it.
    """
    before: BaseException | None = error
    while isinstance(before, apsw.SQLError):
        before = before.__context__
    return before if isinstance(before, _ENDING) else error
