"""Carries out the supervisor's calls of the database; while that is lost, only when the next try is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.daemon.supervisor.outage import Outage

__all__ = ["DatabaseRetry"]


class DatabaseRetry:
    """Carries out calls that use the database, unless it is lost and the next try is not due."""

    def __init__(self, outage: Outage, prove: Callable[[], None]) -> None:
        """Note tries in `outage`; `prove` writes something, to see that a lost database is back."""
        self._outage = outage
        self._prove = prove

    def attempt(self, action: Callable[[], object]) -> bool:
        """Call `action` if the database can be used; return whether that succeeded."""
        if self._outage.wait_s() > 0:
            return False
        try:
            if self._outage.is_lost:
                self._prove()
            action()
        except StoreError as error:
            self._outage.failed(error)
            return False
        self._outage.succeeded()
        return True
