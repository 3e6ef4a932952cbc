"""Looks at everything that has to be right before a daemon starts, for `smq-daemon --check`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smq_core.daemon.processes.import_check import check_imports
from smq_core.daemon.system.file_health import disk_state
from smq_core.errors import SmqError
from smq_core.format import counted, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.daemon.configuration.config import DaemonConfig
    from smq_core.daemon.processes.process import Program
    from smq_core.daemon.wire.protocol import HandlerSpec
    from smq_core.store.base import Store

__all__ = ["PreflightFinding", "findings"]


class PreflightFinding(NamedTuple):
    """A line of the check."""

    text: str
    is_bad: bool = False


def findings(config: DaemonConfig, program: Program, store: Store) -> Iterator[PreflightFinding]:
    """Look at configuration, handlers, database and disk."""
    yield PreflightFinding(
        f"configuration: {counted(len(program.handlers), 'handler')}, {counted(len(config.alert), 'alert')}, "
        f"in {program.folder}"
    )
    yield from _commands(program.handlers, program.folder)
    yield from _functions(program)
    try:
        topics = store.topics(0)
    except SmqError as error:
        yield PreflightFinding(f"database: {error}", is_bad=True)
        return
    waiting = sum(stats.ready + stats.delayed for stats in topics)
    yield PreflightFinding(
        f"database: {store.location.name}, {counted(len(topics), 'topic')}, "
        f"{counted(waiting, 'message')} waiting"
    )
    disk = disk_state(store.location.address)
    if disk is not None:
        yield PreflightFinding(f"disk: {size(disk.free_bytes)} free", is_bad=disk.is_filling)


def _commands(specs: Sequence[HandlerSpec], folder: str) -> Iterator[PreflightFinding]:
    for spec in specs:
        if spec.command is not None:
            program = spec.command[0]
            # one with a slash is looked for from the folder of the handlers, where it will run
            if shutil.which(str(Path(folder, program)) if "/" in program else program) is None:
                yield PreflightFinding(f"{spec.pattern}: the command {program} is not in PATH", is_bad=True)
            else:
                yield PreflightFinding(f"{spec.pattern}: runs {program}")


def _functions(program: Program) -> Iterator[PreflightFinding]:
    """Import the functions in worker processes, one after another, until none is left that may fail."""
    left = [spec for spec in program.handlers if spec.target is not None]
    while left:
        try:
            target, failure = check_imports(program._replace(handlers=left))
        except OSError as error:
            yield PreflightFinding(f"cannot start a worker process: {error.strerror}", is_bad=True)
            return
        if failure and target not in {spec.target for spec in left}:
            yield PreflightFinding(failure, is_bad=True)
            return
        for spec in left:
            if failure and spec.target == target:
                yield PreflightFinding(f"{spec.pattern}: {failure}", is_bad=True)
        if not failure:
            yield from (PreflightFinding(f"{spec.pattern}: {spec.target} can be imported") for spec in left)
            return
        left = [spec for spec in left if spec.target != target]
