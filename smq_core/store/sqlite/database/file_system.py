"""Refuses file systems on which SQLite's locks or shared memory do not reach all who use a file.

Only Linux is asked (`statfs`). Local ones are all allowed, overlayfs and tmpfs too. FUSE is refused, since it
does not tell what is behind it. Whoever knows that one machine alone uses the file, and that locks and shared
memory work there, sets `SIMPLE_MQ_ANY_FILE_SYSTEM=1` in the environment.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

from smq_core.errors import StoreUnavailable

__all__ = ["OVERRIDE", "is_remote", "magic_of", "name_of", "refuse_remote"]

OVERRIDE: Final = "SIMPLE_MQ_ANY_FILE_SYSTEM"

_REMOTE: Final = {
    0x6969: "NFS",
    0x517B: "SMB",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB",
    0x01021997: "9p",
    0x65735546: "FUSE",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x73757245: "Coda",
    0x00C36400: "Ceph",
    0x0BD00BD0: "Lustre",
    0x786F4256: "a VirtualBox shared folder",
    0xBACBACBC: "a VMware shared folder",
}
_LOCAL: Final = {
    0xEF53: "ext4",
    0x58465342: "XFS",
    0x9123683E: "Btrfs",
    0x2FC12FC1: "ZFS",
    0xF2F52010: "F2FS",
    0xCA451A4E: "bcachefs",
    0x01021994: "tmpfs",
    0x794C7630: "overlayfs",
    0x4D44: "FAT",
    0x2011BAB0: "exFAT",
    0x7366746E: "NTFS",
}


def refuse_remote(path: str) -> None:
    """Refuse a database on a network file system, unless the environment allows it.

    Raises:
        StoreUnavailable: it is on one.
    """
    magic = magic_of(str(Path(path).parent))
    if magic in _REMOTE and os.environ.get(OVERRIDE) != "1":
        raise StoreUnavailable(
            f"{path} is on {_REMOTE[magic]}, where locks or shared memory may not work between all programs "
            "that use it, which would damage the database: use a local disk. If this machine alone uses it, "
            f"and you know that both work there, set {OVERRIDE}=1"
        )


def is_remote(magic: int | None) -> bool:
    """Return whether a kind of file system is one that is refused."""
    return magic in _REMOTE


def name_of(magic: int | None) -> str:
    """Name a kind of file system for people."""
    if magic is None:
        return "unknown"
    return _REMOTE.get(magic) or _LOCAL.get(magic) or f"of kind {magic:#x}"


def magic_of(folder: str) -> int | None:
    """Return the number by which Linux knows the kind of file system that a folder is on; None elsewhere."""
    if sys.platform != "linux":
        return None
    # larger than `struct statfs` of any architecture; its first word is the kind
    buffer = ctypes.create_string_buffer(512)
    if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(folder), buffer):
        return None
    return ctypes.c_long.from_buffer(buffer).value & 0xFFFFFFFF
