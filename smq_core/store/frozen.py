"""A set of messages as somebody saw it: which ones, and how each was.

An action on it changes these and no others. It takes 12 bytes a message, for there may be millions.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence  # noqa: TC003 - msgspec reads the annotations of what holds it
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from smq_core.message import Seen
from smq_core.states import State, state_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Frozen", "FrozenCollector", "FrozenRow"]

FrozenRow: TypeAlias = tuple[int, str, int, int | None, int, str | None]
"""Id, status, deliveries, operation, whether its lease is live, and the key that its purpose has it hold."""


@dataclass(frozen=True, slots=True, repr=False)
class Frozen:
    """Ids, ascending, with how each message was seen."""

    ids: Sequence[int]
    ways: tuple[Seen, ...]
    """The different ways in which messages were seen: few, whatever their number."""
    way_of: Sequence[int]
    """For each id, the index of its way."""
    held_ways: frozenset[int] = frozenset()
    """The indices of those ways in which a message was leased, and the time not over."""

    def __len__(self) -> int:
        """Return how many messages there are."""
        return len(self.ids)

    def __repr__(self) -> str:
        """Name the number, not the millions."""
        return f"<{len(self)} frozen messages>"

    def part(self, start: int, stop: int) -> dict[int, Seen]:
        """Return some of them by id, from one index to another."""
        return {
            one: self.ways[way]
            for one, way in zip(self.ids[start:stop], self.way_of[start:stop], strict=True)
        }

    def count_in(self, state: State) -> int:
        """Count those that were seen in a state."""
        wanted = {index for index, way in enumerate(self.ways) if way.state is state}
        return len(self) if len(wanted) == len(self.ways) else sum(way in wanted for way in self.way_of)

    def count_held(self) -> int:
        """Count those whose lease was live when they were seen."""
        return sum(way in self.held_ways for way in self.way_of) if self.held_ways else 0

    def held(self) -> frozenset[int]:
        """Return the ids of those: few, as leases are."""
        if not self.held_ways:
            return frozenset()
        return frozenset(one for one, way in zip(self.ids, self.way_of, strict=True) if way in self.held_ways)

    def without_held(self) -> Frozen:
        """Return the others."""
        if not self.held_ways:
            return self
        kept = [
            (one, way) for one, way in zip(self.ids, self.way_of, strict=True) if way not in self.held_ways
        ]
        ids, ways = array("q", (one for one, _ in kept)), array("I", (way for _, way in kept))
        return Frozen(ids, self.ways, ways)

    def page(self, *, after: int | None, newest: bool, limit: int) -> Sequence[int]:
        """Return the first ids beyond one (exclusive), in either direction."""
        ids = self.ids[::-1] if newest else self.ids
        if after is None:
            return ids[:limit]
        beyond = array("q", (one for one in ids if (one < after if newest else one > after)))
        return beyond[:limit]


class FrozenCollector:
    """Collects the messages of a set in order of their ids."""

    def __init__(self) -> None:
        """Begin with none."""
        self._ids = array("q")
        self._way_of = array("I")
        self._ways: dict[tuple[str, int, int | None, bool], int] = {}
        self._keys: set[str] = set()

    def __len__(self) -> int:
        """Return how many there are so far."""
        return len(self._ids)

    def add(self, rows: Iterable[FrozenRow], most: int | None = None) -> None:
        """Take rows, ascending, beyond those taken before, until there are `most`.

        Of those that one action would give the same key, it changes only the first.
        """
        for one, state, deliveries, operation, is_held, key in rows:
            if most is not None and len(self._ids) >= most:
                break
            if key is not None:
                if key in self._keys:
                    continue
                self._keys.add(key)
            self._ids.append(one)
            way = (state, deliveries, operation, bool(is_held))
            self._way_of.append(self._ways.setdefault(way, len(self._ways)))

    def frozen(self) -> Frozen:
        """Return what was collected."""
        ways = tuple(
            Seen(state_of(state), deliveries, operation) for state, deliveries, operation, _ in self._ways
        )
        held = frozenset(index for index, (*_, is_held) in enumerate(self._ways) if is_held)
        return Frozen(self._ids, ways, self._way_of, held)
