"""Kills a child process at its n-th write, flush, truncation or deletion below SQLite, by a VFS of apsw."""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BELOW = "unix"


def run_killed_at(effect: int, work: Callable[[], object]) -> bool:
    """Run `work` in a forked child that dies before its n-th effect on a disk; say whether it did."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            vfs = _DeadlyVFS(effect)
            work()
            code = 0
            vfs.unregister()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed before it could be killed"
    return os.WIFSIGNALED(status)


def every_kill(work: Callable[[], object], renew: Callable[[], object]) -> Iterator[int]:
    """Kill `work` at its first effect, its second and so on until it ends alive, after `renew` each time."""
    for effect in count(1):
        renew()
        if not run_killed_at(effect, work):
            return
        yield effect


class _DeadlyVFS(apsw.VFS):
    def __init__(self, effect: int) -> None:
        self.left = effect
        super().__init__("deadly", _BELOW, makedefault=True)

    def strike(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 -- apsw's name
        return _DeadlyFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001 -- apsw's name and signature
        self.strike()
        super().xDelete(filename, syncdir)


class _DeadlyFile(apsw.VFSFile):
    def __init__(self, vfs: _DeadlyVFS, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self.vfs = vfs
        super().__init__(_BELOW, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 -- apsw's name
        self.vfs.strike()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 -- apsw's name
        self.vfs.strike()
        super().xSync(flags)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 -- apsw's name
        self.vfs.strike()
        super().xTruncate(newsize)
