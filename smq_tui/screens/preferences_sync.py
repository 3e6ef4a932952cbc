"""Takes from the screen what is remembered, and gives it back at the next start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.text.filters import FilterError, parse
from smq_tui.widgets.keyed_table.row_painter import Sorting
from smq_tui.widgets.payload_text import PayloadView

if TYPE_CHECKING:
    from smq_tui.screens.host import RememberedHost
    from smq_tui.settings.preferences import Preferences

__all__ = ["recall", "remember"]


def recall(screen: RememberedHost, preferences: Preferences) -> None:
    """Give the screen what was remembered; what does not fit any more is passed over."""
    screen.pane.set_class(not preferences.is_detail_hidden, "-half")
    views = {view.value: view for view in PayloadView}
    screen.details.payload_view = views.get(preferences.payload_view, PayloadView.PRETTY)
    for name, view in screen.views.items():
        sorting = preferences.sorting.get(name)
        if (
            sorting
            and not isinstance(view, MessagesView)
            and view.why_not("sort") is None
            and sorting[0] in {column.key for column in view.COLUMNS if column.is_sortable}
        ):
            view.table.sorting = Sorting(str(sorting[0]), is_falling=bool(sorting[1]))
        view.table.hide_columns(preferences.hidden_columns.get(name, ()))
        if isinstance(view, MessagesView):
            # One is led there by topics: at the next start that would be a filter that nobody set.
            continue
        try:
            query = parse(str(preferences.filters.get(name, "")))
            view.check_filter(query)
        except FilterError:
            continue
        view.take_filter(query)


def remember(screen: RememberedHost, preferences: Preferences, theme: str) -> None:
    """Take what the screen shows."""
    preferences.theme = theme
    preferences.interval = screen.session.interval
    preferences.is_detail_hidden = not screen.pane.has_class("-half")
    preferences.payload_view = screen.details.payload_view.value
    preferences.filters = {
        name: view.filtered_by.text
        for name, view in screen.views.items()
        if view.filtered_by and not isinstance(view, MessagesView)
    }
    preferences.sorting = {
        name: [view.table.sorting.column, view.table.sorting.is_falling]
        for name, view in screen.views.items()
        if view.table.sorting is not None
    }
    preferences.hidden_columns = {
        name: sorted(view.table.hidden) for name, view in screen.views.items() if view.table.hidden
    }
