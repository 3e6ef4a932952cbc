"""The ids of messages: whether any are left, and how messages get others where somebody set absurd ones.

The schema takes ids from 1 to 2^53, which every program reads as the same number. What was set above 2^52 (or
below 1, before the schema refused it) counts as absurd: it is nobody's but a program's that set it, and the
ids after it end early.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.store.sqlite.queries import query

if TYPE_CHECKING:
    import apsw

__all__ = ["HIGHEST", "SENSIBLE", "USED_UP", "absurd", "are_near_their_end", "are_used_up", "renumber"]

HIGHEST: Final = 2**53
SENSIBLE: Final = 2**52
"""The statements have it as a number: a table cannot be made of what is bound."""
USED_UP: Final = (
    "{path} has no ids left for more messages, because another program used the highest one: nothing was "
    "written. `smq doctor --repair` assigns new ids to messages whose ids are out of range"
)

_LAST_GIVEN: Final = query("ids_last_given")
_ABSURD: Final = query("ids_absurd")
_RENUMBER: Final = (
    query("ids_choose"),
    query("ids_give_to_attempts"),
    query("ids_give_to_undo"),
    query("ids_give"),
    query("ids_go_on"),
    query("ids_forget_choice"),
)


def absurd(db: apsw.Connection) -> int:
    """Return how many messages have an out-of-range id."""
    count: int = db.execute(_ABSURD).get
    return count


def are_used_up(db: apsw.Connection) -> bool:
    """Check whether no message can be added any more."""
    return _last_given(db) >= HIGHEST


def are_near_their_end(db: apsw.Connection) -> bool:
    """Check whether the ids resume at an absurd one, be its message gone or not."""
    return _last_given(db) > SENSIBLE


def renumber(db: apsw.Connection) -> int:
    """Give messages with out-of-range ids the next valid ones, with their history and what can be undone.

    Inside the caller's transaction; returns how many were given another id. Who holds a lease of one of them
    loses it: the message runs again when that lease is over.
    """
    found = absurd(db)
    if found or are_near_their_end(db):
        for step in _RENUMBER:
            db.execute(step)
    return found


def _last_given(db: apsw.Connection) -> int:
    last = db.execute(_LAST_GIVEN).get
    return last if isinstance(last, int) else 0
