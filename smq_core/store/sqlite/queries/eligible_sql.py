"""What an operator's verb leaves as it is, as fragments of a condition: fixed text, whose values are bound.

The same as its statement in `operate.sql` leaves alone, told before anything is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.states import SELECTED_FOR, sources_of

if TYPE_CHECKING:
    from smq_core.store.records import Purpose

__all__ = ["FRAGMENTS", "conditions_of", "key_of"]

_HOLDS: Final = "('ready', 'delayed', 'processing')"


def _listed(verb: str) -> str:
    return ", ".join(f"'{state}'" for state in sorted(sources_of(verb)))


def _key_is_free(topic: str, lacks_it: str) -> str:
    """Compose that nobody holds the key which a message would hold in a topic and lacks in some states."""
    holder = (
        f"SELECT 1 FROM smq_messages AS other WHERE other.topic = {topic}"  # noqa: S608 - fixed fragments
        f" AND other.dedup_key = smq_messages.dedup_key AND other.status IN {_HOLDS}"
    )
    return f"(dedup_key IS NULL OR status NOT IN {lacks_it} OR NOT EXISTS ({holder}))"


_REQUEUED: Final = "('dead', 'done')"
_MOVED: Final = "('ready', 'delayed')"
FRAGMENTS: Final = {
    **{verb: f"status IN ({_listed(verb)})" for verb in SELECTED_FOR},
    "free_at": "ifnull(locked_until, 0) <= :free_at",
    "to": "topic <> :to",
    "key_here": _key_is_free("smq_messages.topic", _REQUEUED),
    "key_there": _key_is_free(":to", _MOVED),
}
_KEYS: Final = {
    "requeue": f"iif(status IN {_REQUEUED}, topic || char(10) || dedup_key, NULL)",
    "move": f"iif(status IN {_MOVED}, dedup_key, NULL)",
}


def conditions_of(purpose: Purpose | None, now_ms: int) -> dict[str, str | int | None]:
    """Return the fragments, each with its value, if it has one, that keep to what a purpose changes."""
    if purpose is None:
        return {}
    wanted: dict[str, str | int | None] = {purpose.verb: None}
    if not purpose.force:
        wanted["free_at"] = now_ms
    if purpose.verb == "requeue":
        wanted["key_here"] = None
    elif purpose.verb == "move":
        wanted |= {"to": purpose.to, "key_there": None}
    return wanted


def key_of(purpose: Purpose | None) -> str:
    """Return the expression for what two messages have in common where a purpose changes only one of them.

    Both would hold the same key then.
    """
    return "NULL" if purpose is None else _KEYS.get(purpose.verb, "NULL")
