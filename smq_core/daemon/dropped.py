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
from typing import TYPE_CHECKING, Final

from smq_core.derived_file import open_or_make_derived

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SUFFIXES", "Claim", "InboxFolder"]

SUFFIXES: Final = (".jsonl", ".jsonl.gz")
_SETLEASE: Final[int | None] = getattr(fcntl, "F_SETLEASE", None)
_SETSIG: Final[int | None] = getattr(fcntl, "F_SETSIG", None)


class Claim:
    """A file that this daemon has taken out of the folder."""

    def __init__(self, folder: InboxFolder, path: Path) -> None:
        """Stand for a file in the folder of claims."""
        self.path = path
        self._folder = folder

    @property
    def rejects(self) -> Path:
        """Where lines go that cannot be taken."""
        return self._folder.rejected / f"{self.path.name}.rejects"

    def exists(self) -> bool:
        """Say whether it is still there: another daemon may have finished it."""
        return os.path.lexists(self.path)

    def is_regular(self) -> bool:
        """Say whether it is a file, and no link to one."""
        with contextlib.suppress(OSError):
            return stat.S_ISREG(self.path.lstat().st_mode)
        return False

    def is_growing(self) -> bool:
        """Say whether somebody still has it open for writing, as far as the system tells."""
        return _is_open_for_writing(self.path)

    def finish(self, report: bytes, *, is_refused: bool) -> Path | None:
        """Move it away with its report beside it; answers where it lies, None: another daemon did so."""
        folder = self._folder.rejected if is_refused else self._folder.done
        target = folder / self.path.name
        try:
            self.path.rename(target)
        except FileNotFoundError:
            return None
        _write_privately(target.with_name(f"{target.name}.report.json"), report)
        return target


class InboxFolder:
    """The folder and its three sub-folders."""

    def __init__(self, path: str) -> None:
        """Make the sub-folders where they are missing.

        Raises:
            OSError: when that cannot be done.
        """
        self.path = Path(path).absolute()
        self.done = self.path / "done"
        self.rejected = self.path / "rejected"
        self._taking = self.path / ".taking"
        for folder in (self.path, self.done, self.rejected, self._taking):
            folder.mkdir(mode=0o700, exist_ok=True)

    def resting(self, now_s: float, rest_s: float) -> Iterator[Path]:
        """Answer the files that nobody writes any more, the oldest first."""
        found: list[tuple[float, Path]] = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                if not entry.name.endswith(SUFFIXES) or not entry.is_file(follow_symlinks=False):
                    continue
                with contextlib.suppress(OSError):
                    changed = entry.stat(follow_symlinks=False).st_mtime
                    # a time in the future (a copied file, a clock that was set) is no reason to wait for ever
                    if not 0 <= now_s - changed < rest_s:
                        found.append((changed, Path(entry.path)))
        yield from (path for _, path in sorted(found) if not _is_open_for_writing(path))

    def claim(self, path: Path, stamp: str) -> Claim | None:
        """Take a file by a rename, under a name of its own; None when another daemon was faster."""
        target = self._taking / f"{stamp}-{path.name}"
        try:
            path.rename(target)
        except OSError:
            return None
        return Claim(self, target)

    def leftovers(self) -> list[Claim]:
        """Answer what was claimed and not finished: by a daemon that was killed, or one that is at it."""
        return [Claim(self, path) for path in sorted(self._taking.iterdir()) if path.name.endswith(SUFFIXES)]


def _write_privately(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read: reasons quote what was sent."""
    with os.fdopen(open_or_make_derived(path), "r+b") as file:
        file.truncate(0)
        file.write(content)


def _is_open_for_writing(path: Path) -> bool:
    """Ask by a read lease, which the system (Linux) refuses while anybody may write.

    Elsewhere nobody knows.
    """
    if _SETLEASE is None or _SETSIG is None:
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
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
