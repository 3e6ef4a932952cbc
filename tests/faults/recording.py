"""Records, in one list, what a call does to the -wal above and below SQLite: turns, writes, syncs, flushes.

It changes nothing.
"""

from __future__ import annotations

import fcntl
import os
import stat
from typing import TYPE_CHECKING, Any

import apsw

from smq_core.store.sqlite import turn

if TYPE_CHECKING:
    import pytest

_BELOW = "unix"


class Recorder:
    """The events of a test, oldest first: take, give, write, sync, flush, sync folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[str] = []
        self.flush_fails = False
        self._vfs = _RecordingVFS(self.events)
        fdatasync, fsync, flock = os.fdatasync, os.fsync, fcntl.flock

        def record_flush(descriptor: int) -> None:
            self.events.append("flush")
            if self.flush_fails:
                raise OSError(5, "Input/output error")
            fdatasync(descriptor)

        def record_fsync(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                self.events.append("sync folder")
            fsync(descriptor)

        def record_turn(descriptor: int, operation: int) -> None:
            flock(descriptor, operation)
            self.events.append("give" if operation & fcntl.LOCK_UN else "take")

        monkeypatch.setattr(os, "fdatasync", record_flush)
        monkeypatch.setattr(os, "fsync", record_fsync)
        monkeypatch.setattr(turn, "flock", record_turn)

    def close(self) -> None:
        """Leave SQLite's own file system in place."""
        self._vfs.unregister()

    def during(self) -> list[str]:
        """Answer what was recorded since the last time, each run of the same event once."""
        events, self.events[:] = list(self.events), []
        return [event for event, before in zip(events, [None, *events], strict=False) if event != before]


class _RecordingVFS(apsw.VFS):
    def __init__(self, events: list[str]) -> None:
        self._events = events
        super().__init__("smq-recording", _BELOW, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802, ANN401 - the driver's name and type
        return _RecordingFile(name, flags, self._events)


class _RecordingFile(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], events: list[str]) -> None:  # noqa: ANN401 - the driver's type
        self._events = events
        self._is_wal = bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__(_BELOW, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - the driver's name
        if self._is_wal:
            self._events.append("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - the driver's name
        if self._is_wal:
            self._events.append("sync")
        super().xSync(flags)
