"""The lines around the views: which database this is, what matters most, which keys are worth knowing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_tui.screens import status_lines
from smq_tui.widgets.keyed_table.table_rows import Tone
from smq_tui.widgets.message_line import MessageLine
from smq_tui.widgets.status_bar import SegmentLine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.notifications import SeverityLevel
    from textual.widget import Widget

    from smq_tui.screens.controllers.details import Details
    from smq_tui.screens.host import ViewHost
    from smq_tui.screens.list_and_details import ListAndDetails
    from smq_tui.screens.live_context import LiveContext
    from smq_tui.screens.operations.long_action import LongAction

__all__ = ["Lines"]

_ALL_TABS: Final = 64
"""Cells that the names of all six screens need."""


class Lines:
    """The widgets of these lines, above and below the views."""

    def __init__(
        self,
        host: ViewHost,
        live: LiveContext,
        long_action: LongAction,
        details: Details,
        body: ListAndDetails,
        *,
        keys: Mapping[str, str],
        can_switch: bool,
    ) -> None:
        """Show what is known and what runs; `keys` are shown, by the ids of actions.

        `can_switch` is False where there is no other database that a key could lead to.
        """
        self._can_switch = can_switch
        self._host = host
        self._live = live
        self._long_action = long_action
        self._details = details
        self._body = body
        self._keys = keys
        self.masthead = SegmentLine(id="masthead")
        self.totals = SegmentLine(id="totals")
        self.notice = SegmentLine(id="notice")
        self.tabs = SegmentLine(id="tabs")
        self.said = MessageLine()
        self.key_bar = SegmentLine(id="keys")

    @property
    def above(self) -> tuple[Widget, ...]:
        """The lines above the list, from the top."""
        return self.masthead, self.totals, self.notice, self.tabs

    @property
    def below(self) -> tuple[Widget, ...]:
        """The lines at the bottom."""
        return self.said, self.key_bar

    def say(self, sentence: str, severity: SeverityLevel = "information") -> None:
        """Show a sentence, for some seconds, in the place of what was said before."""
        self.said.say(sentence, Tone.PLAIN if severity == "information" else Tone.WARNING)

    def show(self) -> None:
        """Bring all of them up to date."""
        host, context = self._host, self._host.context
        stale_s, trouble = self._live.stale_s, self._live.trouble
        is_short = 0 < self.tabs.screen.size.width < _ALL_TABS
        self.masthead.show(status_lines.masthead(host.session, context, trouble, stale_s))
        self.totals.show(status_lines.totals(context))
        self.notice.show(status_lines.notice(context, trouble, stale_s, self._long_action.notice))
        self.tabs.show(status_lines.tabs(host.current, is_short=is_short))
        self.show_row()

    def show_row(self) -> None:
        """Bring those up to date that are about the chosen row: what it says in full, and the keys."""
        host, view, details = self._host, self._host.view, self._details
        self.said.hint(*(("", Tone.MUTED) if details.is_shown else view.hint()))
        hints = status_lines.keys_worth_showing(
            host.context, view.HINTS, is_in_details=self._body.is_list_covered
        )
        if not self._can_switch:
            hints = [hint for hint in hints if hint != "database"]
        labels = {
            "payload_view": details.payload_view.next.value,
            "leave": "quit" if host.current == "topics" else "back",
            **view.labels(),
        }
        self.key_bar.show(status_lines.key_parts(hints, self._keys, host.session.why_no_change, labels))
