"""Makes the n-th call to the system for the -shm fail, which no file system of the driver's sees.

It puts a function of its own in the place of one that SQLite calls.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INT, _POINTER, _LONG = ctypes.c_int, ctypes.c_void_p, ctypes.c_long
_SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {
    "fcntl": (_INT, _INT, _INT, _POINTER),
    "mmap": (_POINTER, _POINTER, _LONG, _INT, _INT, _INT, _LONG),
    "open": (_INT, ctypes.c_char_p, _INT, _INT),
    "pwrite64": (_LONG, _INT, _POINTER, _LONG, _LONG),
}
"""What each answers, and is given."""
SHM_CALLS: Final = tuple(_SIGNATURES)
_ERRNO: Final = {"fcntl": errno.EIO, "mmap": errno.ENOMEM, "open": errno.EMFILE, "pwrite64": errno.ENOSPC}


class ShmInjector:
    """Fails calls for the -shm: a lock, a mapping, its opening, or its growth."""

    def __init__(self, name: str) -> None:
        """Keep which call is to fail."""
        self._name = name
        self._left = 0
        self._stays = False
        self.struck = 0
        """Calls that failed since it was armed."""

    @contextmanager
    def installed(self) -> Iterator[None]:
        """See every such call inside the `with`."""
        vfs = apsw.VFS("smq-shm", "unix")
        signature = ctypes.CFUNCTYPE(*_SIGNATURES[self._name], use_errno=True)
        ours = signature(self._seen(signature(vfs.xGetSystemCall(self._name) or 0)))
        vfs.xSetSystemCall(self._name, ctypes.cast(ours, _POINTER).value or 0)
        try:
            yield
        finally:
            vfs.xSetSystemCall(self._name, 0)
            vfs.unregister()

    @contextmanager
    def armed(self, place: int, *, stays: bool) -> Iterator[None]:
        """Let the call at a place (from 1) fail inside the `with`, and where it stays all after it."""
        self._left, self._stays, self.struck = place, stays, 0
        try:
            yield
        finally:
            self._left, self._stays = 0, False

    def _seen(self, original: Callable[..., int]) -> Callable[..., int]:
        def see(*arguments: Any) -> int:  # noqa: ANN401 - whatever the system's call takes
            if (self._left > 0 or self._stays) and self._is_for_shm(arguments):
                self._left -= 1
                if self._left <= 0:
                    self.struck += 1
                    ctypes.set_errno(_ERRNO[self._name])
                    return -1
            return original(*arguments)

        return see

    def _is_for_shm(self, arguments: tuple[Any, ...]) -> bool:
        if self._name == "open":
            return bool(arguments[0].endswith(b"-shm"))
        if self._name == "fcntl" and not _takes_a_lock(arguments[1], arguments[2]):
            return False
        descriptor = arguments[4 if self._name == "mmap" else 0]
        return str(Path(f"/proc/self/fd/{descriptor}").readlink()).endswith("-shm")


def _takes_a_lock(command: int, lock: int) -> bool:
    """Return whether it is asked for a lock; that one is given back cannot fail."""
    return command == fcntl.F_SETLK and ctypes.c_short.from_address(lock).value != fcntl.F_UNLCK
