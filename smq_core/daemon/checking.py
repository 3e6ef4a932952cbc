"""Looks at everything that has to be right before a daemon starts, for `smq-daemon --check`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from smq_core.daemon.disk import disk_state
from smq_core.daemon.handlers import HandlerError, load
from smq_core.errors import SmqError
from smq_core.format import count, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smq_core.daemon.config import Config
    from smq_core.daemon.protocol import HandlerSpec
    from smq_core.store.base import Store

__all__ = ["Finding", "findings"]


class Finding(NamedTuple):
    """A line of the check."""

    text: str
    is_bad: bool = False


def findings(config: Config, specs: list[HandlerSpec], store: Store) -> Iterator[Finding]:
    """Look at configuration, handlers, database and disk."""
    yield Finding(f"configuration: {count(len(specs))} handlers, {count(len(config.alert))} alerts")
    for spec in specs:
        yield _handler(spec)
    try:
        topics = store.topics(0)
    except SmqError as error:
        yield Finding(f"database: {error}", is_bad=True)
        return
    waiting = sum(stats.ready + stats.delayed for stats in topics)
    yield Finding(f"database: {store.location}, {count(len(topics))} topics, {count(waiting)} messages wait")
    disk = disk_state(store.location)
    if disk is not None:
        yield Finding(f"disk: {size(disk.free_bytes)} free", is_bad=disk.is_filling)


def _handler(spec: HandlerSpec) -> Finding:
    if spec.command is not None:
        if shutil.which(spec.command[0]) is None:
            return Finding(f"{spec.pattern}: no command {spec.command[0]} in PATH", is_bad=True)
        return Finding(f"{spec.pattern}: runs {spec.command[0]}")
    try:
        load(spec.target or "")
    except HandlerError as error:
        return Finding(f"{spec.pattern}: {error}", is_bad=True)
    return Finding(f"{spec.pattern}: {spec.target} can be imported")
