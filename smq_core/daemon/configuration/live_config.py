"""The configuration in force, and the one that a reload tries: taken whole when its code is, or not at all.

It starts nothing; the parts that have settings of their own are told.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from smq_core.daemon.configuration.config import handler_specs
from smq_core.daemon.processes.process import Program
from smq_core.errors import SmqError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.daemon.configuration.config import DaemonConfig
    from smq_core.daemon.configuration.working_folder import WorkingFolder
    from smq_core.daemon.log import Journal

__all__ = ["ONLY_AT_START", "LiveConfig", "program_of"]

ONLY_AT_START: Final = ("db", "inbox", "metrics_port", "reload")
"""The keys that a running daemon does not take."""


class LiveConfig:
    """What the daemon is told to be."""

    def __init__(
        self,
        config: DaemonConfig,
        read: Callable[[], DaemonConfig],
        working_folder: WorkingFolder,
        program: Program,
        journal: Journal,
    ) -> None:
        """Begin with a configuration and its program; `read` reads it again, flags included."""
        self.config = config
        """What is in force."""
        self._read = read
        self._working_folder = working_folder
        self._program = program
        self._journal = journal
        self._tried = config
        self._generation = 0
        self._takers: list[Callable[[DaemonConfig], object]] = []

    def tell(self, taker: Callable[[DaemonConfig], object]) -> None:
        """Notify a part of every configuration that comes into force."""
        self._takers.append(taker)

    @property
    def folder(self) -> str:
        """The folder of the handlers that were tried last."""
        return self._program.folder

    def next_program(self) -> Program | None:
        """Read the configuration again; return what worker processes are to try.

        None: it is not usable, which was logged.
        """
        try:
            tried = self._read()
            program = program_of(tried, self._generation + 1, self._working_folder)
        except SmqError as error:
            self._journal.error("reload_refused", f"keeping the old configuration: {error}")
            return None
        self._tried, self._program = tried, program
        self._generation += 1
        return program

    def enter(self) -> None:
        """Work in the folder of the handlers, where commands of alerts are run as those of topics are."""
        with contextlib.suppress(OSError):
            os.chdir(self.folder)

    def take(self) -> None:
        """Put in force what was tried last."""
        self.enter()
        if self._tried is self.config:
            return
        kept = [name for name in ONLY_AT_START if getattr(self._tried, name) != getattr(self.config, name)]
        if kept:
            self._journal.warning(
                "restart_needed", f"changed, but takes effect only after a restart: {', '.join(kept)}"
            )
        self.config = self._tried
        for taker in self._takers:
            taker(self.config)


def program_of(config: DaemonConfig, generation: int, working_folder: WorkingFolder) -> Program:
    """Return what worker processes run under a configuration.

    Raises:
        ConfigError: when the folder of the handlers is not there.
    """
    return Program(
        handler_specs(config),
        config.threads,
        int(config.memory_limit),
        generation,
        config.processes,
        folder=working_folder.find(config.folder),
        import_limit_s=float(config.import_timeout),
    )
