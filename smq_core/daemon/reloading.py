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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.daemon.journal import Journal
    from smq_core.daemon.protocol import HandlerSpec

__all__ = ["DEBOUNCE_MS", "FIRST_LOOK_MS", "CodeWatch", "watched_paths"]

DEBOUNCE_MS: Final = 400
FIRST_LOOK_MS: Final = 1000


class CodeWatch:
    """A thread that sends its process SIGHUP when a file changes."""

    def __init__(
        self, handlers: Iterable[HandlerSpec], folder: str, config: str | None, journal: Journal
    ) -> None:
        """Watch the modules of handlers that are imported from a folder, and a configuration file."""
        self._journal = journal
        self._config = None if config is None else Path(config)
        self._paths = watched_paths(handlers, folder, self._config)
        self._stopping = threading.Event()
        self._moving = threading.Event()
        """Set to leave the folders that are watched."""
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._moving.set()
        self._thread.join()

    def use(self, handlers: Iterable[HandlerSpec], folder: str) -> None:
        """Watch the modules of other handlers from now on."""
        paths = watched_paths(handlers, folder, self._config)
        if paths != self._paths:
            self._paths = paths
            self._moving.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._moving.clear()
            if self._stopping.is_set():
                return
            if self._paths:
                self._watch()
            else:
                self._moving.wait()

    def _watch(self) -> None:
        is_watching = False
        for changes in watchfiles.watch(
            *self._paths,
            watch_filter=self._is_code,
            debounce=DEBOUNCE_MS,
            stop_event=self._moving,
            rust_timeout=FIRST_LOOK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            if changes:
                os.kill(os.getpid(), signal.SIGHUP)
            elif not is_watching:
                is_watching = True
                self._journal.info(
                    "watching", f"watching {', '.join(map(str, self._paths))} for changed code"
                )

    def _is_code(self, change: watchfiles.Change, path: str) -> bool:
        return Path(path) == self._config or watchfiles.PythonFilter()(change, path)


def watched_paths(handlers: Iterable[HandlerSpec], folder: str, config: Path | None) -> list[Path]:
    """Answer the folders to watch: of each handler's package or module, and of the configuration file."""
    folders = {config.parent} if config is not None else set()
    for spec in handlers:
        if spec.target is not None:
            package = spec.target.partition(":")[0].partition(".")[0]
            # looked for as a worker process does, which has this folder in its path
            found = PathFinder.find_spec(package, [folder, *sys.path])
            if found is not None and found.origin is not None and Path(found.origin).suffix == ".py":
                folders.add(Path(found.origin).parent)
    return sorted(folders)
