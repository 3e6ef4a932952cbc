"""When a program without a daemon prunes after its own writes: after a write of its own, in small steps.

It decides when; what is removed is decided by `prune`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from smq_core.errors import SmqError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.clock import Clock
    from smq_core.message import Pruned

__all__ = ["LOOK_EVERY_S", "REST", "OpportunisticPrune"]

LOOK_EVERY_S: Final = 10.0
"""How often it is looked whether there is anything to prune."""
REST: Final = 2.0
"""While there is, how long is rested from a step, in times of what it took: a third of a program's time at
most goes into it."""
_NEVER: Final = float("inf")
_log: Final = logging.getLogger(__name__)


class OpportunisticPrune:
    """The next step of a store; due at its first write, since many a program makes only a few."""

    __slots__ = ("_clock", "_monotonic", "_prune", "due_at")

    def __init__(self, clock: Clock, prune: Callable[[int], Pruned]) -> None:
        """Keep what prunes a little as of a time in milliseconds since the epoch, and returns what."""
        self._clock = clock
        self._monotonic = clock.monotonic
        self._prune = prune
        self.due_at = -_NEVER
        """When the next step may be made, by the monotonic clock."""

    def put_off(self) -> None:
        """Let the next step wait: it was asked for a prune, which does more."""
        self.due_at = self._monotonic() + LOOK_EVERY_S

    def step(self) -> None:
        """Prune a little; called when it is due, after a write that has been committed.

        Whatever becomes of it does not concern the caller, whose write is done.
        """
        # what it writes itself calls it too
        self.due_at = _NEVER
        rest_s = LOOK_EVERY_S
        try:
            began = self._monotonic()
            removed = self._prune(self._clock.now_ms())
            if removed.total:
                rest_s = REST * (self._monotonic() - began)
                _log.debug("opportunistic pruning removed: %s", removed)
        except (SmqError, MemoryError) as error:
            _log.warning("opportunistic pruning failed and will be retried in %g s: %s", LOOK_EVERY_S, error)
        finally:
            self.due_at = self._monotonic() + rest_s
