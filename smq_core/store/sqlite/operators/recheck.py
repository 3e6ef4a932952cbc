"""Re-reads messages that were seen, and separates those that have changed since from those that have not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from smq_core.message import Missed, Seen
from smq_core.states import State, state_of
from smq_core.store.records import Selection
from smq_core.store.sqlite.driver.id_array import id_array
from smq_core.store.sqlite.foreign_rows.decoding import RecordDecoder
from smq_core.store.sqlite.operators.browse import still_matching
from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import apsw

    from smq_core.store.frozen import Frozen

__all__ = ["LookedAt", "SeenIds", "SeenRow", "Sight", "look_again"]

_SEEN: Final = query("seen_rows")

Sight = Seen | State | None
"""How a message was seen, or only in which state; None: somebody named its id, whatever it is."""


class SeenRow(NamedTuple):
    """The columns of seen_rows."""

    id: int
    status: State
    deliveries: int
    operation: int | None
    topic: str
    locked_until: int | None
    worker: str | None

    def moved_on(self, sight: Sight) -> str | None:
        """Describe what happened to a message since it was seen; None: nothing."""
        if sight is None:
            return None
        state = state_of(sight.state if isinstance(sight, Seen) else sight)
        is_now = state_of(self.status).word
        if self.status != state:
            return f"it is now {is_now}, no longer {state.word}"
        if isinstance(sight, Seen) and self.deliveries != sight.deliveries:
            return f"it has been processed in the meantime, and is {is_now} again"
        if isinstance(sight, Seen) and self.operation != sight.operation:
            return f"an operator has changed it in the meantime; it is {is_now}"
        return None


_seen_row = RecordDecoder(SeenRow)


class LookedAt(NamedTuple):
    """What came of another look."""

    still: dict[int, SeenRow]
    """Those that are as they were seen."""
    moved_on: list[Missed]
    unknown: list[Missed]
    """Ids that were named without having been seen, and that no message has."""

    def gone(self, one: int, *, is_known: bool) -> None:
        """Note an id that no message has."""
        missed = Missed(one, "it no longer exists: it was processed or purged", has_moved_on=is_known)
        (self.moved_on if is_known else self.unknown).append(missed)


class SeenIds:
    """What an action is aimed at, fixed: ids with how each was seen."""

    def __init__(self, targets: Mapping[int, Sight] | Selection) -> None:
        """Take ids, or a selection whose messages are frozen."""
        self.selection = targets if isinstance(targets, Selection) else None
        self._frozen: Frozen | None = targets.frozen if isinstance(targets, Selection) else None
        self._held = frozenset() if self._frozen is None else self._frozen.held()
        self._sights: Mapping[int, Sight] = {} if isinstance(targets, Selection) else targets
        self.ids: Sequence[int] = sorted(self._sights) if self._frozen is None else self._frozen.ids

    @property
    def topic(self) -> str | None:
        """The topic that was selected."""
        return None if self.selection is None else self.selection.topic

    def saw_free(self, one: int) -> bool:
        """Check whether a message was seen without a live lease; False where that was not looked at."""
        return self._frozen is not None and one not in self._held

    def part(self, start: int, stop: int) -> Mapping[int, Sight]:
        """Return some of them by id, from one index to another."""
        if self._frozen is not None:
            return self._frozen.part(start, stop)
        return {one: self._sights[one] for one in self.ids[start:stop]}


def look_again(db: apsw.Connection, seen_ids: SeenIds, seen: Mapping[int, Sight], now_ms: int) -> LookedAt:
    """Report what is as it was seen from what moved on, inside the transaction that changes the former."""
    rows = {row[0]: _seen_row(row) for row in db.execute(_SEEN, (id_array(seen),))}
    found = LookedAt({}, [], [])
    matching = _matching(db, seen_ids.selection, rows, now_ms)
    for one, sight in seen.items():
        row = rows.get(one)
        if row is None:
            found.gone(one, is_known=sight is not None)
        elif why := row.moved_on(sight):
            found.moved_on.append(Missed(one, why, has_moved_on=True))
        elif one not in matching:
            why = f"it has been changed in the meantime; it is {state_of(row.status).word} in {row.topic}"
            found.moved_on.append(Missed(one, why, has_moved_on=True))
        else:
            found.still[one] = row
    return found


def _matching(
    db: apsw.Connection, selection: Selection | None, rows: Mapping[int, SeenRow], now_ms: int
) -> Mapping[int, SeenRow] | set[int]:
    """Return those that match a selection: other programs change messages, too, and a lease is extended."""
    if selection is None or not rows:
        return rows
    return set(still_matching(db, selection, list(rows), now_ms))
