"""Goes from hit to hit of what was looked for: rows of a filtered list, places in the details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.safe_text import cell
from smq_tui.text.filters import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.screens.host import Host
    from smq_tui.widgets.detail_pane import DetailPane

__all__ = ["Search"]


class Search:
    """What was looked for last."""

    def __init__(self, host: Host, pane: DetailPane) -> None:
        self._host = host
        self._pane = pane
        self._sought = ""
        """Plain text: it is found in details after the filter was cleared too."""
        self.actions: Mapping[str, Callable[[], object]] = {
            "next_hit": lambda: self.find(1),
            "previous_hit": lambda: self.find(-1),
        }

    def filter_by(self, text: str) -> None:
        """Filter the view, and remember the words that are looked for.

        Raises:
            FilterError: when the filter cannot be understood.
        """
        view = self._host.view
        view.apply_filter(parse(text))
        self._sought = view.filtered_by.words or self._sought

    def find(self, by: int) -> None:
        """Go to the next place in the details, else to the next row, that has what was looked for."""
        say = self._host.say
        filtered_by = self._host.view.filtered_by
        words = filtered_by.words or self._sought
        shown = cell(words, 40)
        if not words:
            say("n and N go to the matches of a text filter: type one with / first", "warning")
        elif self._pane.has_focus:
            number, hits = self._pane.find(words, by)
            if hits:
                say(f"match {number} of {hits} for “{shown}”")
            else:
                say(
                    f"“{shown}” does not occur in what is shown: press t for another view of the payload",
                    "warning",
                )
        elif filtered_by.words:
            self._go_round(by)
        else:
            say(
                f"the list is not filtered: press / to filter by “{shown}” again, "
                "or n in the details to find it there"
            )

    def _go_round(self, by: int) -> None:
        table = self._host.view.table
        before = table.cursor_key
        table.action_move("down" if by > 0 else "up")
        if table.cursor_key == before and table.row_count > 1:
            table.action_move("start" if by > 0 else "end")
            self._host.say("continued from the first match" if by > 0 else "continued from the last match")
