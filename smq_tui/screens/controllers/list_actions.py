"""What is done to the list that is shown: its order, its columns, its tabs, its marks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from smq_tui.dialogs.columns import Columns
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.values import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.screens.controllers.details import Details
    from smq_tui.screens.host import Host
    from smq_tui.screens.views.view import View

__all__ = ["ListActions"]


class ListActions:
    """The keys of the list that is shown."""

    def __init__(self, host: Host, details: Details) -> None:
        self._host = host
        self._details = details
        self.actions: Mapping[str, Callable[[], object]] = {
            "previous_tab": lambda: self.turn_tab(-1),
            "next_tab": lambda: self.turn_tab(1),
            "sort": lambda: self.sort(lambda view: view.turn_order()),
            "sort_before": lambda: self.sort(lambda view: view.sort_beside(-1)),
            "sort_next": lambda: self.sort(lambda view: view.sort_beside(1)),
            "columns": self.choose_columns,
            "mark_all": self.mark_all,
        }
        self.clicks: Mapping[str, Callable[[], object]] = {
            "open": self.activate_row,
            "mark": self.toggle_mark,
            **{f"tab_{name}": partial(self.show_state, name) for name in ("all", *State)},
        }
        """What clicks do beside these: rows have keys of the list, tabs have none."""

    def activate_row(self) -> None:
        """Do with the cursor's row what Enter does."""
        self._host.view.table.action_activate()

    def toggle_mark(self) -> None:
        """Mark the cursor's row, or take its mark back."""
        self._host.view.table.action_toggle_mark()

    def open_row(self) -> None:
        """Do what Enter is for on the cursor's row, else show its details."""
        if self._host.view.open_row():
            return
        if self._details.is_shown:
            self.explain_focus()
        self._details.show()

    def explain_focus(self) -> None:
        """Explain who has the keys where those of the list do nothing."""
        self._host.say("keys now go to the details: ↑ ↓ scroll, Tab or Esc returns to the list")

    def turn_tab(self, by: int) -> None:
        """Show the messages of another state."""
        view = self._host.view
        if isinstance(view, MessagesView):
            view.turn_tab(by)
        else:
            self._host.say(
                view.REASONS.get("next_tab", "to switch message states, go to screen 2"), "warning"
            )

    def show_state(self, name: str) -> None:
        """Show the messages of a state, by its tab."""
        view = self._host.view
        if isinstance(view, MessagesView):
            view.show_state(None if name == "all" else State(name))

    def sort(self, how: Callable[[View], None]) -> None:
        """Sort the view, or explain why it has one order only."""
        view = self._host.view
        reason = view.why_not("sort")
        if reason is not None:
            self._host.say(reason, "warning")
            return
        how(view)
        self._host.say(f"sorted {view.order}" if view.table.sorting else f"default order: {view.order}")

    def choose_columns(self) -> None:
        """Ask which columns to show."""
        view = self._host.view
        table = view.table

        def take(hidden: frozenset[str] | None) -> None:
            if hidden is not None:
                table.hide_columns(hidden)

        self._host.open(Columns(view.COLUMNS, table.hidden), take)

    def explain_limit(self, limit: int) -> None:
        """Explain why no more rows were marked."""
        self._host.say(
            f"at most {limit:,} can be marked: filter (/) and select all that match (*)", "warning"
        )

    def mark_all(self) -> None:
        """Aim at all that match."""
        view = self._host.view
        reason = view.why_not("mark_all")
        if reason is not None:
            self._host.say(reason, "warning")
        else:
            self._host.say(view.mark_all())
            self._host.show_row_lines()
