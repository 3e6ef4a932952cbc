"""The line in which a filter or a jump is typed: opened, applied, left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.safe_text import cell
from smq_tui.text.filters import FilterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.screens.filter_bar import FilterBar
    from smq_tui.screens.host import ViewHost

__all__ = ["FilterLine"]


class FilterLine:
    """What the line begins with, and what becomes of what was typed."""

    def __init__(self, host: ViewHost, bar: FilterBar) -> None:
        self._host = host
        self._bar = bar
        self.actions: Mapping[str, Callable[[], object]] = {
            "filter": lambda: self.open(is_jump=False),
            "jump": lambda: self.open(is_jump=True),
        }

    @property
    def is_open(self) -> bool:
        """True while a filter or a jump is typed."""
        return self._bar.is_open

    def open(self, *, is_jump: bool) -> None:
        """Open the line for a filter or a jump."""
        context = self._host.context
        self._bar.topic_names = [cell(topic) for topic in context.topics]
        self._bar.worker_names = [cell(worker) for worker in context.workers]
        self._bar.parts = self._host.view.FILTER_PARTS
        self._bar.open("" if is_jump else self._host.view.filtered_by.text, is_jump=is_jump)

    def enter(self, text: str, apply: Callable[[str], None]) -> None:
        """Apply what was typed and close the line; explain there why it cannot be understood."""
        try:
            apply(text)
        except FilterError as error:
            self._bar.explain(str(error))
            return
        self.close()
        self._host.show_lines()

    def close(self) -> None:
        """Close the line; the list has the focus again."""
        self._bar.close()
        self._host.focus_list()
