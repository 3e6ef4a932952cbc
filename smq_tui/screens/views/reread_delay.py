"""How long a list rests after it was read: what takes long is read seldom, and is never forgotten."""

from __future__ import annotations

from typing import Final

__all__ = ["RereadDelay"]

_TIMES: Final = 30.0
"""A list is not read again before this many times what reading it took: some hundredths of the time."""
_SHORTEST_S: Final = 1.0
"""What would rest for less is read whenever somebody wrote."""


class RereadDelay:
    """The rest of one list."""

    def __init__(self) -> None:
        self._until = 0.0
        self._is_owed = False

    def begin(self, now: float, took_s: float) -> None:
        """Rest, after reading took a given time."""
        length = took_s * _TIMES
        self._until = now + length if length >= _SHORTEST_S else 0.0
        self._is_owed = False

    def puts_off(self, now: float) -> bool:
        """Return whether reading has to wait; what was put off is owed."""
        self._is_owed = now < self._until
        return self._is_owed

    def is_owed(self, now: float) -> bool:
        """Return whether what was put off can be made up for now."""
        return self._is_owed and now >= self._until
