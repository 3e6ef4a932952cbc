"""Makes the n-th call of a kind below SQLite fail: once, or from then on until the fault is cleared."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import apsw

from tests.faults.below.vfs import ShortWriteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.below.vfs import Call


@dataclass(frozen=True)
class Failure:
    """What fails, and how SQLite and we are told."""

    kind: str
    code: int
    errno: int = errno.EIO
    is_short: bool = False

    def error(self, call: Call) -> Exception:
        """Return what to raise instead of a call."""
        if call.is_ours:
            return OSError(self.errno, os.strerror(self.errno), call.path)
        if self.is_short:
            return ShortWriteError()
        error = apsw.exception_for(self.code)
        error.args = (os.strerror(self.errno),)
        return error


FAILURES: Final = {
    "read": Failure("read", apsw.SQLITE_IOERR_READ),
    "write": Failure("write", apsw.SQLITE_IOERR_WRITE),
    "disk full": Failure("write", apsw.SQLITE_FULL, errno.ENOSPC),
    "short write": Failure("write", apsw.SQLITE_FULL, errno.ENOSPC, is_short=True),
    "sync": Failure("sync", apsw.SQLITE_IOERR_FSYNC),
    "truncate": Failure("truncate", apsw.SQLITE_IOERR_TRUNCATE),
    "open": Failure("open", apsw.SQLITE_CANTOPEN, errno.EMFILE),
    "delete": Failure("delete", apsw.SQLITE_IOERR_DELETE),
    "lock": Failure("lock", apsw.SQLITE_IOERR_LOCK, errno.ENOLCK),
    "size": Failure("size", apsw.SQLITE_IOERR_FSTAT),
}


class Injector:
    """An observer that lets a call fail."""

    def __init__(self) -> None:
        """Fail none yet."""
        self._failure: Failure | None = None
        self._left = 0
        self._stays = False
        self.struck = 0
        """Calls that failed since it was armed."""

    @contextmanager
    def armed(self, failure: Failure, place: int, *, stays: bool) -> Iterator[None]:
        """Let the call at a place (from 1) fail inside the `with`, and where it stays all after it."""
        self._failure, self._left, self._stays, self.struck = failure, place, stays, 0
        try:
            yield
        finally:
            self._failure = None

    def __call__(self, call: Call) -> None:
        """Count a call, and fail it when it is its turn."""
        if self._failure is None or call.kind != self._failure.kind:
            return
        self._left -= 1
        if self._left == 0 or (self._left < 0 and self._stays):
            self.struck += 1
            raise self._failure.error(call)
