"""What nearly every part of a daemon depends on, handed on in one piece. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import selectors

    from smq_core.clock import Clock
    from smq_core.daemon.log import Journal
    from smq_core.daemon.processes.reaper import Children
    from smq_core.store.base import Store

__all__ = ["Base"]


class Base(NamedTuple):
    """The daemon's name, and what it stands on."""

    worker_id: str
    store: Store
    clock: Clock
    journal: Journal
    selector: selectors.BaseSelector
    children: Children
