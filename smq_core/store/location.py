"""Where a queue is, before it is opened; each backend has a kind of its own."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Location"]


class Location(Protocol):
    """The place of a queue, as `smq_core.parse_location` returns it; using it opens nothing."""

    @property
    def address(self) -> str:
        """The address to reopen the queue with, from any folder. It may contain a password: do not log it."""
        ...

    @property
    def name(self) -> str:
        """A short name to show to people, without a password."""
        ...

    def exists(self) -> bool:
        """Return whether something is there that can be opened."""
        ...

    def describe(self) -> str:
        """Return which backend's database it is, and its name."""
        ...
