"""The states that screen 2 goes through, each with how many messages are in it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.format import count
from smq_tui.values import State
from smq_tui.widgets.keyed_table.table_rows import Tone
from smq_tui.widgets.status_bar import StatusSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.values import TopicStats

__all__ = ["TABS", "tab_parts"]

TABS: Final = (None, State.READY, State.DELAYED, State.PROCESSING, State.DEAD, State.DONE, State.DELETED)


def tab_parts(
    stats: Sequence[TopicStats], current: State | None, *, is_filtered: bool
) -> list[StatusSegment]:
    """Return a part for each state, the current one between brackets.

    Next to a filter they have no numbers: those of all messages would be taken for those that match.
    """
    parts: list[StatusSegment] = []
    for state in TABS:
        number = sum(_in_state(one, state) for one in stats)
        name = "trash" if state is State.DELETED else "all" if state is None else state.word
        text = name if is_filtered else f"{name} {count(number)}"
        is_current = state is current
        parts.append(
            StatusSegment(
                f"[{text}]" if is_current else text,
                Tone.PLAIN if number else Tone.MUTED,
                f"tab_{state or 'all'}",
                9 if is_current else 5 if number else 3,
                is_current=is_current,
                short="" if number or is_current else name,
            )
        )
    return parts


def _in_state(stats: TopicStats, state: State | None) -> int:
    numbers = {
        State.READY: stats.ready,
        State.DELAYED: stats.delayed,
        State.PROCESSING: stats.processing,
        State.DEAD: stats.dead,
        State.DONE: stats.done,
        State.DELETED: stats.deleted,
    }
    # the trash is a list of its own
    return sum(numbers.values()) - stats.deleted if state is None else numbers[state]
