"""Goes from hit to hit of what was looked for: rows of a filtered list, places in the details."""

from __future__ import annotations

from smq_core.safe_text import cell
from smq_tui.screens.detailing import Detailing

__all__ = ["Finding"]


class Finding(Detailing):
    """The keys that go from hit to hit."""

    _sought = ""
    """The plain text that was looked for last: it is found in details after the filter was cleared too."""

    def look_for(self, words: str) -> None:
        """Remember what is looked for."""
        self._sought = words or self._sought

    def find(self, by: int) -> None:
        """Go to the next place in the details, else to the next row, that has what was looked for."""
        words = self.view.filtered_by.words or self._sought
        if not words:
            self.say("n and N go from hit to hit of what / looks for: type a text there first", "warning")
        elif self.pane.has_focus:
            number, hits = self.pane.find(words, by)
            shown = cell(words, 40)
            if hits:
                self.say(f"hit {number} of {hits} of “{shown}”")
            else:
                self.say(f"“{shown}” is not in what is shown here: t shows the payload otherwise", "warning")
        elif self.view.filtered_by.words:
            self._go_round(by)
        else:
            shown = cell(words, 40)
            self.say(f"the list is not filtered: / filters by “{shown}” again, d finds it in the details")

    def _go_round(self, by: int) -> None:
        table = self.view.table
        before = table.cursor_key
        table.action_move("down" if by > 0 else "up")
        if table.cursor_key == before and table.row_count > 1:
            table.action_move("start" if by > 0 else "end")
            self.say("on from the first hit" if by > 0 else "on from the last hit")
