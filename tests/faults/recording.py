"""Records, in one list, what a call does to the -wal above and below SQLite: turns, writes, syncs, flushes.

It changes nothing but a flush that it is told to let fail.
"""

from __future__ import annotations

import errno
import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw
import pytest

from smq_core.store.sqlite.wal import write_lock
from tests.faults.below.vfs import observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.below.vfs import Call


class Recorder:
    """The events of a test, oldest first: take, give, write, sync, flush, write again, sync folder."""

    def __init__(self) -> None:
        """Begin with none."""
        self.events: list[str] = []
        self.flushes_to_fail = 0
        """How many of the next flushes fail."""
        self.syncs_to_fail = 0
        """How many of SQLite's own next flushes of the -wal fail."""
        self.failed = 0

    def during(self) -> list[str]:
        """Return what was recorded since the last time, each run of the same event once."""
        events, self.events[:] = list(self.events), []
        return [event for event, before in zip(events, [None, *events], strict=False) if event != before]

    def note(self, call: Call) -> None:
        """Record a call to the system."""
        if call.is_ours and call.kind == "sync":
            self.events.append("flush")
            if self.flushes_to_fail:
                self.flushes_to_fail -= 1
                self.failed += 1
                raise OSError(errno.EIO, "Input/output error")
        elif call.kind == "sync folder" or (call.kind in {"write", "sync"} and call.path.endswith("-wal")):
            self.events.append("write again" if call.is_ours and call.kind == "write" else call.kind)
            if call.kind == "sync" and self.syncs_to_fail:
                self.syncs_to_fail -= 1
                self.failed += 1
                raise apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)

    def note_turn(self, descriptor: int, operation: int) -> None:
        """Take or give a turn, and record it."""
        fcntl.flock(descriptor, operation)
        self.events.append("give" if operation & fcntl.LOCK_UN else "take")


@contextmanager
def recording() -> Iterator[Recorder]:
    """Record what happens inside the `with`."""
    recorder = Recorder()
    with observed(recorder.note), pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_lock, "flock", recorder.note_turn)
        yield recorder
