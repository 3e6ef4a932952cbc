"""What the lines around the views say: masthead, totals, notice, tabs, keys. Pure."""

from __future__ import annotations

import textwrap
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from smq_core.format import age, clock_time, count, counted, duration, rate
from smq_core.serving import is_lost
from smq_tui.keys.actions import VIEWS, action
from smq_tui.widgets.keyed_table.table_rows import Tone
from smq_tui.widgets.status_bar import StatusSegment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smq_tui.screens.context import Context
    from smq_tui.settings.session import DashboardSession

__all__ = [
    "first_note",
    "key_parts",
    "keys_worth_showing",
    "masthead",
    "notice",
    "sentence_of",
    "tabs",
    "totals",
]

_FIRST_KEY: Final = "  :database FILE   opens another database"
_LIST_KEYS: Final = {"open": ("Enter", "open"), "mark": ("Space", "mark")}
_KEPT_KEYS: Final = ("undo", "filter", "leave", "help")
"""Those that stay in a narrow key bar, the last the longest."""
_KEYS_OF_LISTS: Final = ("open", "details", "mark", "mark_all", "next_tab", "sort", "payload_view")
_KEYS_WITHOUT_DATA: Final = ("refresh", "database", "help")


def masthead(
    session: DashboardSession, context: Context, trouble: str, stale_s: float
) -> list[StatusSegment]:
    """Report which database this is, how fresh what one sees is, who works.

    Whether one may change anything.
    """
    workers = context.workers.values()
    alive = sum(not is_lost(worker) for worker in workers)
    path = session.location.name
    name = f"{session.name} {path}" if session.name else path
    if len(name) > 60:  # noqa: PLR2004 - the file's name matters more than its folders
        name = f"{session.name} …/{PurePath(path).name}".strip()
    parts = [StatusSegment("smq ▸", Tone.MUTED, priority=2), StatusSegment(name, Tone.ACCENT, "database", 9)]
    parts.append(_liveliness(session, context, trouble, stale_s))
    parts.append(StatusSegment(clock_time(context.now)[-8:], Tone.MUTED, priority=3))
    lost = len(workers) - alive
    if context.snapshot is not None:
        tone = Tone.PLAIN if alive else Tone.WARNING
        parts.append(StatusSegment(counted(alive, "daemon"), tone, "workers", 4))
    if lost:
        parts.append(StatusSegment(f"{count(lost)} lost", Tone.BAD, "workers", 6))
    if session.read_only or session.why_unwritable:
        parts.append(StatusSegment("READ-ONLY", Tone.WARNING, priority=8))
    elif session.is_locked:
        parts.append(StatusSegment("LOCKED", Tone.WARNING, "lock", 8))
    return parts


def totals(context: Context) -> list[StatusSegment]:
    """Describe what all topics hold together, and how it changes."""
    if context.snapshot is None:
        return [] if context.trouble else [StatusSegment("reading…", Tone.MUTED)]
    total = context.snapshot.totals
    change = total.ready_per_s
    arrow = "" if not change or abs(change) < 0.05 else f" {'▴' if change > 0 else '▾'}{rate(abs(change))}"  # noqa: PLR2004 - it shows as <0.1
    parts = [
        StatusSegment(f"ready {count(total.ready)}{arrow}", Tone.PLAIN, "messages", 9),
        StatusSegment(f"running {count(total.processing)}", Tone.PLAIN, "leases", 7),
        StatusSegment(f"delayed {count(total.delayed)}", Tone.PLAIN, "messages", 4),
    ]
    if total.expired:
        parts.append(StatusSegment(f"expired {count(total.expired)}", Tone.BAD, "leases", 8))
    new = f" +{count(total.dead_since)}" if total.dead_since > 0 else ""
    parts.append(
        StatusSegment(f"dead {count(total.dead)}{new}", Tone.BAD if total.dead else Tone.PLAIN, "dead", 8)
    )
    if total.oldest_age_s is not None:
        parts.append(StatusSegment(f"oldest waits {age(total.oldest_age_s)}", Tone.PLAIN, "topics", 6))
    return parts


def notice(context: Context, trouble: str, stale_s: float, progress: str) -> list[StatusSegment]:
    """Describe what matters most now: what runs, why nothing can be read, or which topic needs somebody."""
    if progress:
        return [StatusSegment(progress, Tone.WARNING, priority=9)]
    if trouble:
        sentence = f"! stale {age(stale_s)}: {sentence_of(trouble)} Trying again."
        # In the place of rows stands why, as long as there are none.
        return [StatusSegment(sentence, Tone.BAD, "refresh", 9)] if context.snapshot else []
    worst = context.snapshot.worst if context.snapshot else None
    if worst is None or worst.problem is None:
        return (
            [StatusSegment("nothing is wrong", Tone.MUTED)]
            if context.snapshot and context.snapshot.lines
            else []
        )
    sign = "! " if worst.problem.is_bad else ""
    text = f"{sign}{worst.stats.topic}: {worst.problem.sentence}"
    return [StatusSegment(text, Tone.BAD if worst.problem.is_bad else Tone.WARNING, priority=9)]


def tabs(current: str, *, is_short: bool = False) -> list[StatusSegment]:
    """Name the six screens; where there is little room, the others by their keys alone."""
    parts: list[StatusSegment] = []
    for view in VIEWS:
        spec = action(view)
        is_current = view == current
        label = spec.label if is_current or not is_short else ""
        parts.append(
            StatusSegment(label, Tone.MUTED, view, 9 if is_current else 5, spec.first_key, is_current)
        )
    return parts


def key_parts(
    hints: Sequence[str],
    keys: Mapping[str, str],
    why_no_change: str | None,
    labels: Mapping[str, str],
) -> list[StatusSegment]:
    """Show the keys that are most useful here; those that cannot act are dim.

    `labels` say what some of them do to the chosen row: those go before the others.
    """
    parts: list[StatusSegment] = []
    for number, hint in enumerate((*hints, "leave")):
        is_kept = hint in _KEPT_KEYS
        priority = 90 + _KEPT_KEYS.index(hint) if is_kept else (80 if hint in labels else 50) - number
        if hint in _LIST_KEYS:
            key, label = _LIST_KEYS[hint]
            parts.append(StatusSegment(label, Tone.PLAIN, hint, priority, key))
            continue
        spec = action(hint)
        tone = Tone.MUTED if spec.is_change and why_no_change is not None else Tone.PLAIN
        label = labels.get(hint, spec.label.lower())
        parts.append(StatusSegment(label, tone, hint, priority, keys.get(hint, "")))
    parts.append(StatusSegment("all actions", Tone.PLAIN, "palette", 2, "^P"))
    return parts


def keys_worth_showing(context: Context, hints: Sequence[str], *, is_in_details: bool) -> Sequence[str]:
    """Return the keys of a view or of its details; where nothing can be read those that help then."""
    if context.snapshot is None and context.trouble:
        return _KEYS_WITHOUT_DATA
    if is_in_details:
        views = ("payload_view",) if "copy" in hints else ()
        return ("back", *views, *(hint for hint in hints if hint not in _KEYS_OF_LISTS))
    return hints


def first_note(context: Context, width: int) -> str:
    """Explain in the place of rows why there are none yet, and what to do."""
    if not context.trouble:
        return "Reading…"
    lines = textwrap.wrap(sentence_of(context.trouble), max(20, width - 4))
    return "\n".join([*lines, "", f"Trying again every few seconds: {context.location}", "", _FIRST_KEY])


def sentence_of(trouble: str) -> str:
    """Write a reason as a sentence."""
    return trouble if trouble.endswith((".", "!", "?")) else f"{trouble}."


def _liveliness(session: DashboardSession, context: Context, trouble: str, stale_s: float) -> StatusSegment:
    if trouble and context.snapshot is None:
        return StatusSegment("● NOT OPEN", Tone.BAD, "refresh", 8)
    if trouble:
        return StatusSegment(f"● STALE {age(stale_s)}", Tone.BAD, "refresh", 8)
    if session.is_refresh_paused:
        return StatusSegment(f"● FROZEN {age(stale_s)}", Tone.WARNING, "freeze", 8)
    return StatusSegment(f"● live {duration(session.interval)}", Tone.GOOD, "freeze", 5)
