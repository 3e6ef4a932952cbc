"""Files of the inbox that cannot be taken now: each is told of once, and tried again ever more rarely.

It touches no file.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smq_core.daemon.inbox.inbox_names import shown

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from smq_core.clock import Clock
    from smq_core.daemon.log import Journal

__all__ = ["FIRST_WAIT_S", "LONGEST_WAIT_S", "MOST_TOLD", "BlockedFiles", "with_advice"]

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
MOST_TOLD: Final = 20
"""So many files are named in the log at a time; of the others it says only that there are some."""


_ADVICE: Final = {
    errno.EACCES: "let the daemon's user read and move it (chmod, chown)",
    errno.EPERM: "let the daemon's user read and move it (chmod, chown)",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "free some space on the disk",
    errno.EDQUOT: "free some space on the disk",
    errno.EXDEV: "done, rejected and .taking must be on the same file system as the inbox",
    errno.EMFILE: "the daemon has too many files open (ulimit -n)",
    errno.ENFILE: "the system has too many files open",
}


@dataclass
class _BlockedFile:
    why: str
    wait_s: float
    retry_at: float


class BlockedFiles:
    """What keeps files from being taken, by their paths."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        """Begin with none."""
        self._clock = clock
        self._journal = journal
        self._known: dict[Path, _BlockedFile] = {}

    def may_try(self, path: Path) -> bool:
        """Return whether it is time to try a file."""
        known = self._known.get(path)
        return known is None or self._clock.monotonic() >= known.retry_at

    def note(self, path: Path, why: str) -> None:
        """Note that a file cannot be taken, and tell of it unless this was told before."""
        known = self._known.get(path)
        wait_s = FIRST_WAIT_S if known is None else min(known.wait_s * 2, LONGEST_WAIT_S)
        self._known[path] = _BlockedFile(why, wait_s, self._clock.monotonic() + wait_s)
        if known is not None and known.why == why:
            return
        if len(self._known) <= MOST_TOLD:
            self._journal.warning("inbox_file_waits", f"{shown(path.name)}: {why}", file=shown(str(path)))
        else:
            self._journal.begin(
                "inbox_files_wait",
                f"more than {MOST_TOLD} files in the inbox cannot be imported: see {path.parent}",
            )

    def clear(self, path: Path) -> None:
        """Note that nothing stands in a file's way any more."""
        self._known.pop(path, None)

    def keep(self, paths: Collection[Path]) -> None:
        """Forget the files that are not among those that are there."""
        for path in self._known.keys() - paths:
            del self._known[path]
        if len(self._known) <= MOST_TOLD:
            self._journal.end("inbox_files_wait", "the other files in the inbox were imported")


def with_advice(error: OSError) -> str:
    """Return an error of the system as a sentence that says what to do about it."""
    what = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0)
    return f"{what}: {advice}; it will be retried" if advice else f"{what}; it will be retried"
