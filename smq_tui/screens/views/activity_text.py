"""What an operation was, in words, and what `z` can still do about it. Pure.

Settings that were set again since are known from the operations after them: the engine refuses to undo these.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from smq_core.format import age, clock_time
from smq_core.safe_text import cell
from smq_tui.screens.undo_stack import undo_entry_of_activity, what_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smq_tui.screens.undo_stack import UndoEntry
    from smq_tui.values import ActivityEntry

__all__ = ["detail_of", "short_time", "undo_entry_of", "undo_in_full", "undo_in_short"]

_UNDONE: Final = re.compile(r"(\w+) of operation (\d+)")
_KINDS: Final = {"pause": "pause", "resume": "pause", "policy": "policy"}
_PAST: Final = {"pause": "paused", "resume": "resumed", "policy": "changed"}
_WHOLE_TIME: Final = len("2026-11-24 14:02:11")
_YEAR: Final = len("2026-")


def detail_of(entry: ActivityEntry, entries: Mapping[int, ActivityEntry]) -> str:
    """Return the detail of an operation; of an undo, what was taken back."""
    found = _UNDONE.fullmatch(entry.detail) if entry.action == "undo" else None
    if found is None:
        return entry.detail
    taken_back = entries.get(int(found[2]), entry)
    return f"undo of the {what_of(found[1], taken_back.count, taken_back.topic)}"


def undo_in_short(entry: ActivityEntry, entries: Mapping[int, ActivityEntry], now: float) -> str:
    """Describe what `z` can do, or empty for nothing."""
    if entry.undone_at is not None:
        return f"undone {age(now - entry.undone_at)}"
    if not entry.is_undoable or _later(entry, entries) is not None:
        return ""
    return "z may undo it" if entry.action == "requeue" else "z undoes it"


def undo_in_full(entry: ActivityEntry, entries: Mapping[int, ActivityEntry], now: float) -> str:
    """Describe what `z` can do."""
    if entry.undone_at is not None:
        return f"was undone at {clock_time(entry.undone_at, now=now)}"
    if not entry.is_undoable:
        return "cannot be undone"
    if (later := _later(entry, entries)) is not None:
        return f"cannot be undone: {_since(later)}"
    if entry.action == "requeue":
        return "z undoes it until they are leased; messages that were running stay ready"
    return "can be undone (z)"


def undo_entry_of(entry: ActivityEntry, entries: Mapping[int, ActivityEntry]) -> UndoEntry:
    """Return what an operation was, for `z`."""
    undo_entry, later = undo_entry_of_activity(entry), _later(entry, entries)
    undo_entry = replace(undo_entry, detail=detail_of(entry, entries))
    return undo_entry if later is None else replace(undo_entry, undo=None, why_not=_since(later))


def short_time(at: float, now: float) -> str:
    """Write when something was: without the date today, without the year in this year."""
    written, today = clock_time(at, now=now), clock_time(now)
    if len(written) != _WHOLE_TIME:
        return written
    return written[_YEAR:] if written[:_YEAR] == today[:_YEAR] else written[: len("2026-11-24")]


def _later(entry: ActivityEntry, entries: Mapping[int, ActivityEntry]) -> ActivityEntry | None:
    """Return who set again what a setting is about."""
    kind = _KINDS.get(entry.action)
    later = (
        one
        for one in entries.values()
        if one.operation > entry.operation and one.undone_at is None and one.topic == entry.topic
    )
    return next((one for one in later if kind is not None and _KINDS.get(one.action) == kind), None)


def _since(later: ActivityEntry) -> str:
    return f"{cell(later.actor, 60)} {_PAST[later.action]} it since"
