"""What one list has asked for: one read at a time, and another after it when somebody wrote meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smq_tui.requests import Request

__all__ = ["Asking"]


class Asking:
    """The read that one list waits for."""

    def __init__(self) -> None:
        self._request: Request | None = None
        self._is_owed = False

    @property
    def is_under_way(self) -> bool:
        """True until the answer is there."""
        return self._request is not None

    def begin(self, request: Request) -> bool:
        """Return whether to ask for it: not where it is awaited already, but again after that."""
        if request == self._request:
            self._is_owed = True
            return False
        self._request, self._is_owed = request, False
        return True

    def end(self, request: Request) -> bool:
        """Take note of an answer or a failure; return False for that of an earlier request."""
        if request != self._request:
            return False
        self._request = None
        return True

    def give_up(self) -> None:
        """Wait for nothing any more."""
        self._request, self._is_owed = None, False

    def take_debt(self) -> bool:
        """Return whether to ask again, once."""
        is_owed, self._is_owed = self._is_owed, False
        return is_owed
