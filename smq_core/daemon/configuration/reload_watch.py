"""Watches the code of handlers and the configuration file, and asks for a reload when they change.

It imports none of them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Final

import watchfiles

from smq_core.daemon.system.folder_watch import FolderWatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.daemon.log import Journal
    from smq_core.daemon.wire.protocol import HandlerSpec

__all__ = ["DEBOUNCE_MS", "FIRST_LOOK_MS", "CodeWatch", "watched_paths"]

DEBOUNCE_MS: Final = 400
FIRST_LOOK_MS: Final = 1000


class CodeWatch:
    """Sends its process SIGHUP when a file changes."""

    name = "reload"

    def __init__(
        self, handlers: Iterable[HandlerSpec], folder: str, config: str | None, journal: Journal
    ) -> None:
        """Watch the modules of handlers that are imported from a folder, and a configuration file."""
        self._journal = journal
        self._config = None if config is None else Path(config)
        self._paths = watched_paths(handlers, folder, self._config)
        self._watch = FolderWatch("changed code", journal, recursive=True, takes=self._is_code)
        self._stopping = threading.Event()
        self._moving = threading.Event()
        """Set to leave the folders that are watched."""

    def run(self) -> None:
        """Watch until it is asked to stop."""
        while not self._stopping.is_set():
            self._moving.clear()
            if self._stopping.is_set():
                return
            if self._paths:
                self._watch_paths(self._paths)
            else:
                self._moving.wait()

    def stop(self) -> None:
        """Ask to end."""
        self._stopping.set()
        self._moving.set()

    def use(self, handlers: Iterable[HandlerSpec], folder: str) -> None:
        """Watch the modules of other handlers from now on."""
        paths = watched_paths(handlers, folder, self._config)
        if paths != self._paths:
            self._paths = paths
            self._moving.set()

    def _watch_paths(self, paths: list[Path]) -> None:
        is_watching = False
        for changes in self._watch.changes(
            paths, self._moving, debounce_ms=DEBOUNCE_MS, at_least_every_ms=FIRST_LOOK_MS
        ):
            if changes:
                os.kill(os.getpid(), signal.SIGHUP)
            elif not is_watching:
                is_watching = True
                self._journal.info("watching", f"watching {', '.join(map(str, paths))} for changed code")

    def _is_code(self, change: watchfiles.Change, path: str) -> bool:
        return Path(path) == self._config or watchfiles.PythonFilter()(change, path)


def watched_paths(handlers: Iterable[HandlerSpec], folder: str, config: Path | None) -> list[Path]:
    """Return the folders to watch: of each handler's package or module, and of the configuration file."""
    folders = {config.parent} if config is not None else set()
    for spec in handlers:
        if spec.target is not None:
            package = spec.target.partition(":")[0].partition(".")[0]
            # looked for as a worker process does, which has this folder in its path
            found = PathFinder.find_spec(package, [folder, *sys.path])
            if found is not None and found.origin is not None and Path(found.origin).suffix == ".py":
                folders.add(Path(found.origin).parent)
    return sorted(folders)
