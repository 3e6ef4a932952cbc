"""Notices when files change: by the system's notices, or by looking where it gives none.

The system limits inotify's instances and watches; running out of them is reported once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import watchfiles

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smq_core.daemon.log import Journal

__all__ = ["FileChanges", "FolderWatch"]

FileChanges = set[tuple[watchfiles.Change, str]]

_POLL_MS: Final = 500
# out of inotify's watches: an OSError without a number; out of its instances, or a changed name that is not
# UTF-8: a RuntimeError of watchfiles' own; such a name of what is watched: its binding's error
_REFUSALS: Final = (OSError, RuntimeError, UnicodeError)
_UNDECODABLE: Final = "Unable to decode path"
_MISSING: Final = (FileNotFoundError, NotADirectoryError)


class FolderWatch:
    """Watches folders for one purpose."""

    def __init__(
        self,
        purpose: str,
        journal: Journal,
        *,
        recursive: bool,
        takes: Callable[[watchfiles.Change, str], bool],
    ) -> None:
        """Watch for `purpose`, which the log names, what `takes` finds worth telling."""
        self._purpose = purpose
        self._journal = journal
        self._recursive = recursive
        self._takes = takes

    def changes(
        self, paths: list[Path], stopping: threading.Event, *, debounce_ms: int, at_least_every_ms: int
    ) -> Iterator[FileChanges]:
        """Yield what changed, or nothing when that much time went by, until it is asked to stop.

        Raises:
            OSError: when a path cannot be watched at all: it is gone, for example.
        """
        polls: bool | None = None
        while not stopping.is_set():
            try:
                yield from self._notices(paths, stopping, debounce_ms, at_least_every_ms, polls=polls)
            except _REFUSALS as error:
                if isinstance(error, _MISSING):
                    raise
                if polls is None and _UNDECODABLE not in str(error):
                    polls = True
                    self._tell(error)
                else:
                    # what happened is not known: whoever asks looks itself
                    yield set()
                    stopping.wait(debounce_ms / 1000)

    def _tell(self, error: Exception) -> None:
        self._journal.begin(
            "notices_used_up",
            f"the system does not report file changes for {self._purpose} ({error}): checking every "
            f"{_POLL_MS / 1000:g} s instead; see sysctl fs.inotify.max_user_instances and max_user_watches",
            of=self._purpose,
        )

    def _notices(
        self,
        paths: list[Path],
        stopping: threading.Event,
        debounce_ms: int,
        every_ms: int,
        *,
        polls: bool | None,
    ) -> Iterator[FileChanges]:
        yield from watchfiles.watch(
            *paths,
            watch_filter=self._takes,
            debounce=debounce_ms,
            stop_event=stopping,
            rust_timeout=every_ms,
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=polls,
            poll_delay_ms=_POLL_MS,
            recursive=self._recursive,
        )
