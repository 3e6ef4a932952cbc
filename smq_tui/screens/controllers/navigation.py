"""Where one is among the views, how one came there, and what Esc goes back from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from smq_core.format import quoted
from smq_core.safe_text import cell
from smq_tui.messages import DatabaseChosen, QuitWanted
from smq_tui.screens.history import Step
from smq_tui.text.filters import FilterError, Query, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.screens.controllers.details import Details
    from smq_tui.screens.controllers.filter_line import FilterLine
    from smq_tui.screens.controllers.throughput_chart import ThroughputChart
    from smq_tui.screens.host import ViewHost
    from smq_tui.screens.operations.long_action import LongAction

__all__ = ["Navigation"]


class Navigation:
    """The way that led to the current view."""

    def __init__(
        self,
        host: ViewHost,
        *,
        filter_line: FilterLine,
        long_action: LongAction,
        details: Details,
        chart: ThroughputChart,
        quit_key: str,
    ) -> None:
        self._host = host
        self._filter_line = filter_line
        self._long_action = long_action
        self._details = details
        self._chart = chart
        self._quit_key = quit_key
        self._steps: tuple[Step, ...] = ()
        """How one was led here by Enter and jumps; a key of a screen begins a new way."""
        self.actions: Mapping[str, Callable[[], object]] = {
            **{name: partial(self.go, name) for name in host.views},
            "back": lambda: self.back(may_quit=False),
            "leave": lambda: self.back(may_quit=True),
        }

    def go(self, name: str, query: Query | None = None) -> None:
        """Show a view, filtered if a query is given."""
        self._details.uncover_list()
        if query is None:
            self._steps = ()
        else:
            view = self._host.views[name]
            before = view.screen_state
            view.apply_filter(query)
            step = Step(origin=self._host.current, target=name, before=before, arrived=view.screen_state)
            self._steps = (*self._steps, step)
        self._host.show_view(name)

    def jump(self, text: str) -> None:
        """Go where a line says: a screen or a topic first, then a filter.

        Raises:
            FilterError: when the filter cannot be understood, or there is nothing of that name.
        """
        first, _, rest = text.strip().partition(" ")
        topics = self._host.context.topics
        if not first:
            return
        if first == "database" and rest.strip():
            self._host.post_message(DatabaseChosen(rest.strip()))
        elif first in self._host.views:
            topic, _, more = rest.partition(" ")
            self.go(first, parse(f"topic:{quoted(topic)} {more}" if topic in topics else rest))
        elif text.strip() in topics:
            self.go("messages", parse(f"topic:{quoted(text.strip())}"))
        elif first in topics:
            self.go("messages", parse(f"topic:{quoted(first)} {rest}"))
        elif first.isdecimal():
            self.go("messages", Query())
            self._host.view.table.move_to(int(first))
        else:
            raise FilterError(f"{cell(first, 40)} is not a screen, a topic or the command database FILE")

    def back(self, *, may_quit: bool) -> None:
        """Undo the latest of: what runs, details, chart, marks, the filter, the way; at the top, leave."""
        host = self._host
        view = host.view
        if self._filter_line.is_open:
            self._filter_line.close()
        elif self._long_action.notice:
            self._long_action.stop()
            host.withdraw()
            host.say("stopping: changes made so far remain")
        elif self._details.hide() or self._chart.hide() or view.clear_marks():
            return
        elif self._steps and self._steps[-1].target == host.current:
            self._go_one_step_back(self._steps[-1])
        elif view.filtered_by:
            view.withdraw()
            view.apply_filter(Query())
            host.show_lines()
        elif host.current != "topics":
            host.show_view("topics")
        elif may_quit:
            host.post_message(QuitWanted())
        else:
            host.say(f"this is the top level: press {self._quit_key} or q to leave")

    def _go_one_step_back(self, step: Step) -> None:
        """Clear what was filtered on top of where one was led; else go where one came from."""
        view = self._host.view
        view.withdraw()
        if view.filtered_by and view.filtered_by != step.arrived.query:
            view.go_to(step.arrived)
            view.show(self._host.context)
            view.renew()
            self._host.show_lines()
            return
        self._steps = self._steps[:-1]
        view.go_to(step.before)
        self._host.show_view(step.origin)
