"""Orders of keys: which rows a table has and in which sequence, frozen for as long as they are shown.

Pure. An order is a snapshot, and a refresh is a new one. Make it where the keys are read, off the thread that
paints.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import neg
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Key", "KeyOrder", "ListedOrder", "SortedOrder", "find_or_neighbour"]

Key: TypeAlias = int | str
"""What names a row whatever happens around it: a message's id, a topic, an error kind."""

_REACH: Final = 10_000
"""Rows of the old order that are looked at, each way, for one that is still there: some milliseconds."""


class KeyOrder(Protocol):
    """A frozen sequence of keys that finds a key in much less time than it takes to look at each."""

    @property
    def has_more(self) -> bool:
        """True when more keys lie beyond the last, so that the number of all is not known."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Key: ...

    def index_of(self, key: Key) -> int | None:
        """Return where a key stands, None when it is not there."""
        ...

    def index_near(self, key: Key) -> int | None:
        """Return where a missing key would stand, None when nothing tells."""
        ...


class ListedOrder:
    """Any order of up to some hundred thousand keys, indexed when it is made (0.1 s for a million)."""

    __slots__ = ("_indices", "_keys", "has_more")

    def __init__(self, keys: Sequence[Key], *, has_more: bool = False) -> None:
        self._keys = keys
        self._indices = {key: index for index, key in enumerate(keys)}
        self.has_more = has_more

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, index: int, /) -> Key:
        return self._keys[index]

    def index_of(self, key: Key) -> int | None:
        """Return where a key stands, None when it is not there."""
        return self._indices.get(key)

    def index_near(self, key: Key) -> int | None:  # noqa: ARG002 - the protocol's signature
        """Return None: nothing but its neighbours tells where a key would stand."""
        return None


class SortedOrder:
    """Ids in rising or falling order, found by bisection: ten million in an `array("q")` take 80 MB."""

    __slots__ = ("_ids", "_is_falling", "has_more")

    def __init__(self, ids: Sequence[int], *, is_falling: bool = False, has_more: bool = False) -> None:
        self._ids = ids
        self._is_falling = is_falling
        self.has_more = has_more

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: int, /) -> Key:
        return self._ids[index]

    def index_of(self, key: Key) -> int | None:
        """Return where an id stands, None when it is not there."""
        index = self.index_near(key)
        return index if index is not None and index < len(self._ids) and self._ids[index] == key else None

    def index_near(self, key: Key) -> int | None:
        """Return the place of the first id that does not come before this one."""
        if not isinstance(key, int):
            return None
        return bisect_left(self._ids, -key, key=neg) if self._is_falling else bisect_left(self._ids, key)


def find_or_neighbour(old: KeyOrder, index: int, new: KeyOrder) -> int:
    """Return where in a new order the row stands that stood at an index of the old one.

    When it is gone: the first row after it that is still there, else the last before it, else the same index.
    """
    last = len(new) - 1
    if last < 0 or not len(old):
        return 0
    found = new.index_of(old[index])
    if found is None and (near := new.index_near(old[index])) is not None:
        found = min(near, last)
    if found is None:
        found = _surviving_neighbour(old, index, new)
    return min(index, last) if found is None else found


def _surviving_neighbour(old: KeyOrder, index: int, new: KeyOrder) -> int | None:
    following = range(index + 1, min(len(old), index + 1 + _REACH))
    preceding = range(index - 1, max(-1, index - 1 - _REACH), -1)
    for candidates in (following, preceding):
        for candidate in candidates:
            if (found := new.index_of(old[candidate])) is not None:
                return found
    return None
