"""Finds in /proc who has a database open, and who is reading it; elsewhere than on Linux, nobody is seen.

Processes of other users are seen only by root.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["FileUser", "readers", "users"]

_PROC: Final = Path("/proc")
_READ_LOCKS: Final = range(123, 128)
"""Each reader of the -wal locks one of these bytes of the -shm; no checkpoint can pass what it reads."""


class FileUser(NamedTuple):
    """A process."""

    pid: int
    command: str

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.pid} ({self.command})"


def users(path: str) -> list[FileUser]:
    """Return every process that has the -shm of a database mapped, which all connections in WAL mode do."""
    inode = _inode(path + "-shm")
    if inode is None:
        return []
    return [_holder(pid) for pid in _pids() if _maps(pid, inode, f"{Path(path).name}-shm")]


def readers(path: str) -> list[FileUser]:
    """Return every process that is inside a read transaction right now."""
    inode = _inode(path + "-shm")
    try:
        lines = (_PROC / "locks").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    pids = {pid for line in lines if (pid := _reader(line.split(), inode))}
    return [holder for holder in users(path) if holder.pid in pids]


def _reader(words: list[str], inode: int | None) -> int | None:
    """Return who locks such a byte, from a line as `1: POSIX  ADVISORY  READ 4711 fe:00:123 124 124`."""
    match words:
        case [_, "POSIX", _, _, pid, file, first, _] if file.rpartition(":")[2] == str(inode):
            return int(pid) if int(first) in _READ_LOCKS else None
        case _:
            return None


def _maps(pid: int, inode: int, name: str) -> bool:
    try:
        with (_PROC / str(pid) / "maps").open(encoding="utf-8", errors="replace") as lines:
            # by inode and name: on some file systems the device there is another than stat tells
            return any(f" {inode} " in line and line.rstrip().endswith(name) for line in lines)
    except OSError:
        return False


def _pids() -> list[int]:
    try:
        return sorted(int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    except OSError:
        return []


def _holder(pid: int) -> FileUser:
    try:
        return FileUser(
            pid, (_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
        )
    except OSError:
        return FileUser(pid, "ended")


def _inode(path: str) -> int | None:
    try:
        return Path(path).stat().st_ino
    except OSError:
        return None
