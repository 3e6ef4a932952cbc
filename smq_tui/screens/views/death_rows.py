"""What screen 5 shows of daemons that died: a row for a day, a sentence, and details. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.format import age, clock_time, counted
from smq_core.safe_text import cell
from smq_core.serving import is_served
from smq_tui.widgets.keyed_table.table_rows import Cell, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.values import DaemonDeath, WorkerInfo
    from smq_tui.widgets.detail_text import Pieces
    from smq_tui.widgets.keyed_table.table_rows import Row

__all__ = ["about_death", "death_hint", "death_row", "unserved_of"]

_NOTHING: Final = Cell("-", Tone.MUTED)
_HOW: Final = "killed or crashed, not stopped"


def unserved_of(death: DaemonDeath, workers: Sequence[WorkerInfo]) -> tuple[str, ...]:
    """Return which of a dead daemon's topics no other one takes now; a pattern counts as a name."""
    return tuple(topic for topic in death.topics if not is_served(topic, workers))


def death_row(death: DaemonDeath, now: float, *, is_missed: bool) -> Row:
    """Show when it died and what it had; in red while topics of it have no other daemon."""
    tone = Tone.BAD if is_missed else Tone.MUTED
    return (
        Cell(death.id, Tone.MUTED),
        Cell("! died" if is_missed else "died", tone),
        *[_NOTHING] * 5,
        Cell(age(now - death.since), tone),
        Cell(", ".join(death.topics) or "-", Tone.MUTED),
        _NOTHING,
    )


def death_hint(death: DaemonDeath, now: float, unserved: Sequence[str]) -> tuple[str, Tone]:
    """Describe its death, what it served, and which topics no daemon serves since."""
    had = f"; it served {', '.join(death.topics)}" if death.topics else ""
    returned = f"; {counted(death.returned, 'message')} returned" if death.returned else ""
    missing = f"; no daemon serves {', '.join(unserved)} now" if unserved else ""
    sentence = f"died {age(now - death.since)} ago ({_HOW}){had}{returned}{missing}"
    return sentence, Tone.BAD if unserved else Tone.MUTED


def about_death(death: DaemonDeath, now: float, unserved: Sequence[str]) -> Pieces:
    """Describe it."""
    heard = "-" if death.heard_at is None else clock_time(death.heard_at, now=now)
    facts = (
        ("how", _HOW),
        ("last heartbeat", heard),
        ("noticed", f"{clock_time(death.at, now=now)}, {age(now - death.at)} ago"),
        ("topics", ", ".join(death.topics) or "-"),
        ("returned", counted(death.returned, "message")),
        ("no daemon for", ", ".join(unserved) or "-"),
    )
    pieces: Pieces = [(cell(death.id), "bold $text-accent"), ("  ", ""), ("died\n", "bold $text-error")]
    for name, value in facts:
        pieces += [(f"{name:<14}  ", "$foreground 65%"), (cell(value, 500) + "\n", "")]
    return [*pieces, ("\nlisted for 24 hours, then only on the activity screen (6)\n", "$foreground 65%")]
