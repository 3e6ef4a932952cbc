"""A selector that waits for nothing: it tells at once which simulated worker processes said something."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any

from smq_core.daemon.processes.process import WorkerProcess
from smq_core.daemon.supervisor.store_watch import StoreWatch

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SimulatedSelector"]


class SimulatedSelector(selectors.BaseSelector):
    """What a supervisor waits on."""

    def __init__(self) -> None:
        self._keys: dict[Any, selectors.SelectorKey] = {}
        self.was_written = False
        """Somebody else may have committed."""

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401 - as the base class
        """Wait for it too."""
        self._keys[fileobj] = key = selectors.SelectorKey(fileobj, 0, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401 - as the base class
        """Wait for it no more."""
        return self._keys.pop(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401 - as the base class
        """Wait for something else of it."""
        return self.register(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return what is waited for."""
        return self._keys

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what has something to say."""
        del timeout
        ready = [key for key in self._keys.values() if self._is_ready(key)]
        self.was_written = False
        return [(key, selectors.EVENT_READ) for key in ready]

    def _is_ready(self, key: selectors.SelectorKey) -> bool:
        if isinstance(key.data, WorkerProcess):
            return key.fileobj.has_said  # type: ignore[union-attr, no-any-return]  # a simulated child
        return isinstance(key.data, StoreWatch) and self.was_written
