"""Files in the inbox folder: which may be taken, claiming one by a rename, and where it goes afterwards.

It reads no line.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.daemon.inbox.inbox_names import LONGEST, SUFFIXES, fitted
from smq_core.derived_file import open_or_make_derived
from smq_core.file_identity import identity_at

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Claim", "InboxFile", "InboxFolder", "write_report"]

_SETLEASE: Final[int | None] = getattr(fcntl, "F_SETLEASE", None)
_SETSIG: Final[int | None] = getattr(fcntl, "F_SETSIG", None)
_ADDED: Final = 55
"""Bytes of a name that are left for what is added to it."""
_KINDS: Final = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class InboxFile(NamedTuple):
    """What lies in the folder under a name that the inbox looks for."""

    path: Path
    changed_s: float
    """When it was changed, in seconds since the epoch."""
    obstacle: str
    """Why it is not taken; empty: it is, once it rests."""

    def is_resting(self, now_s: float, rest_s: float) -> bool:
        """Return whether it was left alone for long enough."""
        # a time in the future (a copied file, a clock that was set) is not a reason to wait forever
        return not 0 <= now_s - self.changed_s < rest_s


class Claim:
    """A file that this daemon has taken out of the folder."""

    def __init__(self, folder: InboxFolder, path: Path) -> None:
        """Stand for a file in the folder of claims."""
        self.path = path
        self._folder = folder
        self._name = fitted(path.name, folder.longest_name)

    @property
    def rejects(self) -> Path:
        """Where lines go that cannot be taken."""
        return self._folder.rejected / f"{self._name}.rejects"

    def exists(self) -> bool:
        """Return whether it is still there: another daemon may have finished it."""
        return os.path.lexists(self.path)

    def is_regular(self) -> bool:
        """Return whether it is a file, and not a link to one."""
        with contextlib.suppress(OSError):
            return stat.S_ISREG(self.path.lstat().st_mode)
        return False

    def is_growing(self) -> bool:
        """Return whether somebody still has it open for writing, as far as the system reveals."""
        with contextlib.suppress(OSError):
            return _is_open_for_writing(self.path)
        return False

    def finish(self, *, is_refused: bool) -> Path | None:
        """Move it away; return where it lies, None: another daemon did so.

        Raises:
            OSError: when it cannot be moved.
        """
        folder = self._folder.rejected if is_refused else self._folder.done
        target = folder / self._name
        try:
            self.path.rename(target)
        except FileNotFoundError:
            return None
        return target


class InboxFolder:
    """The folder and its three sub-folders."""

    def __init__(self, path: str) -> None:
        """Make it, and the sub-folders, where they are missing.

        Raises:
            OSError: when that cannot be done.
        """
        self.path = Path(path).absolute()
        self.done = self.path / "done"
        self.rejected = self.path / "rejected"
        self._taking = self.path / ".taking"
        self.path.mkdir(mode=0o700, exist_ok=True)
        self.prepare()
        self.longest_name = _longest_name(self.path)

    def prepare(self) -> None:
        """Make the sub-folders where they are missing: the folder may have been made again.

        Raises:
            OSError: when that cannot be done, for the folder itself is gone, for example.
        """
        for folder in (self.done, self.rejected, self._taking):
            folder.mkdir(mode=0o700, exist_ok=True)

    def identity(self) -> tuple[int, int] | None:
        """Return what the folder is known by while it exists; None: it is gone."""
        return identity_at(self.path)

    def dropped(self) -> list[InboxFile]:
        """Return the files that are there, oldest first.

        Raises:
            OSError: when the folder cannot be read.
        """
        with os.scandir(self.path) as entries:
            found = [
                dropped
                for entry in entries
                if entry.name.endswith(SUFFIXES) and (dropped := _look_at(entry)) is not None
            ]
        return sorted(found, key=lambda one: (one.changed_s, one.path))

    def claim(self, path: Path, stamp: str) -> Claim | None:
        """Take a file by a rename, under its own name, which begins with a stamp.

        None: somebody writes it still, or it is gone, since another daemon was faster.

        Raises:
            OSError: when it cannot be read or moved.
        """
        target = self._taking / fitted(f"{stamp}-{path.name}", self.longest_name)
        try:
            if _is_open_for_writing(path):
                return None
            path.rename(target)
        except FileNotFoundError:
            if os.path.lexists(path):
                raise
            return None
        return Claim(self, target)

    def leftovers(self) -> Iterator[Claim]:
        """Yield what was claimed and not finished: by a daemon that was killed, or one that is at it.

        Raises:
            OSError: when the folder of claims cannot be read.
        """
        yield from (
            Claim(self, path) for path in sorted(self._taking.iterdir()) if path.name.endswith(SUFFIXES)
        )


def write_report(target: Path, content: bytes) -> None:
    """Write the report next to a file that was moved away, for its owner only: reasons quote what was sent.

    Raises:
        OSError: when it cannot be written.
    """
    path = target.with_name(f"{target.name}.report.json")
    with os.fdopen(open_or_make_derived(path), "r+b") as file:
        file.truncate(0)
        file.write(content)


def _look_at(entry: os.DirEntry[str]) -> InboxFile | None:
    """Look at a directory's entry; None: it is gone."""
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        return InboxFile(Path(entry.path), 0.0, f"it cannot be examined: {error.strerror}")
    kind = _KINDS.get(stat.S_IFMT(found.st_mode))
    obstacle = f"it is {kind}: only regular files are imported, so move the file itself here" if kind else ""
    return InboxFile(Path(entry.path), found.st_mtime, obstacle)


def _longest_name(folder: Path) -> int:
    """Return how long names may be so that what is added to them fits: not all file systems allow 255."""
    try:
        return min(LONGEST, os.pathconf(folder, "PC_NAME_MAX") - _ADDED)
    except (OSError, ValueError):
        return LONGEST


def _is_open_for_writing(path: Path) -> bool:
    """Ask by a read lease, which the system (Linux) refuses while anybody may write.

    Elsewhere nobody knows.

    Raises:
        OSError: when the file cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if _SETLEASE is None or _SETSIG is None:
            return False
        # a writer who comes in this moment would break the lease by SIGIO, which ends a process; SIGURG does
        # not
        fcntl.fcntl(descriptor, _SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, _SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, _SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
