"""Tells from /proc who has a database open, and who is reading it at this moment; elsewhere than on Linux, nobody is seen.

Processes of other users are seen only by root.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Holder", "readers", "users"]

_PROC: Final = Path("/proc")
_READ_LOCKS: Final = range(123, 128)
"""The bytes of the -shm of which each reader of the -wal locks one; the checkpoint cannot pass what it reads."""


class Holder(NamedTuple):
    """A process."""

    pid: int
    command: str

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.pid} ({self.command})"


def users(path: str) -> list[Holder]:
    """Answer every process that has the -shm of a database mapped, which all connections in WAL mode do."""
    inode = _inode(path + "-shm")
    if inode is None:
        return []
    return [_holder(pid) for pid in _pids() if _maps(pid, inode, f"{Path(path).name}-shm")]


def readers(path: str) -> list[Holder]:
    """Answer every process that is inside a read transaction right now."""
    inode = _inode(path + "-shm")
    try:
        lines = (_PROC / "locks").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    pids = {pid for line in lines if (pid := _reader(line.split(), inode))}
    return [holder for holder in users(path) if holder.pid in pids]


def _reader(words: list[str], inode: int | None) -> int | None:
    """Answer the process of a line of /proc/locks (`1: POSIX  ADVISORY  READ 4711 fe:00:123 124 124`) that locks such a byte."""
    if words[1:2] != ["POSIX"] or len(words) < 8 or words[5].rpartition(":")[2] != str(inode):
        return None
    return int(words[4]) if int(words[6]) in _READ_LOCKS else None


def _maps(pid: int, inode: int, name: str) -> bool:
    try:
        with (_PROC / str(pid) / "maps").open(encoding="utf-8", errors="replace") as lines:
            # by inode and name: the device that stands there is not the one that stat tells on every file system
            return any(f" {inode} " in line and line.rstrip().endswith(name) for line in lines)
    except OSError:
        return False


def _pids() -> Iterator[int]:
    if _PROC.is_dir():
        yield from sorted(int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _holder(pid: int) -> Holder:
    try:
        return Holder(pid, (_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip())
    except OSError:
        return Holder(pid, "ended")


def _inode(path: str) -> int | None:
    try:
        return Path(path).stat().st_ino
    except OSError:
        return None
