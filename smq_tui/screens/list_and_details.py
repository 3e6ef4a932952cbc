"""The list that is shown and the details of its row, and how the two share the room between the lines."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical

from smq_tui.widgets.detail_pane import DetailPane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

    from smq_tui.screens.views.view import View

__all__ = ["DetailSize", "ListAndDetails"]


class DetailSize(enum.Enum):
    """How much of the room the details have."""

    BESIDE = "beside"
    """A part at the side where the screen is wide, else nothing."""
    BELOW = "below"
    """The lower half."""
    ALL = "all"


class ListAndDetails(Horizontal):
    """The views, of which one is shown, and the pane of details."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    ListAndDetails { height: 1fr; }
    ListAndDetails #views { width: 1fr; }
    ListAndDetails #detail { width: 38%; max-width: 76; display: none; }
    .-wide ListAndDetails #detail.-half, .-roomy ListAndDetails #detail.-half { display: block; }
    .-wide ListAndDetails #detail.-half.-when-roomy { display: none; }
    .-wide ListAndDetails #detail.-half.-when-asked { display: none; }
    .-roomy ListAndDetails #detail.-half.-when-asked { display: none; }
    ListAndDetails #detail.-full, ListAndDetails #detail.-below {
        display: block !important;
        width: 1fr;
        max-width: 100%;
    }
    ListAndDetails #detail.-full { border-left: none; }
    ListAndDetails #detail.-below { height: 1fr; border-left: none; border-top: solid $panel; }
    """

    def __init__(self, views: Iterable[View]) -> None:
        super().__init__(id="stage")
        self.pane = DetailPane(id="detail")
        self.details_size = DetailSize.BESIDE
        self._list_box = Vertical(*views, id="views")

    def compose(self) -> ComposeResult:
        """Yield the views and the details."""
        yield self._list_box
        yield self.pane

    @property
    def is_list_covered(self) -> bool:
        """True while the details are all that is shown."""
        return self.pane.display and not self._list_box.display

    @property
    def has_room_beside(self) -> bool:
        """True where details that are half open are shown beside the list."""
        screen, pane = self.screen, self.pane
        is_wide = screen.has_class("-roomy") or (
            screen.has_class("-wide") and not pane.has_class("-when-roomy")
        )
        return is_wide and not pane.has_class("-when-asked")

    def resize_details(self, size: DetailSize) -> None:
        """Give the details this much of the room."""
        # Only what changes is styled again: a class of the screen would be looked up for all that it holds.
        self.details_size = size
        self.pane.set_class(size is DetailSize.ALL, "-full")
        self.pane.set_class(size is DetailSize.BELOW, "-below")
        self._list_box.display = size is not DetailSize.ALL
        self.styles.layout = "vertical" if size is DetailSize.BELOW else "horizontal"

    def suit(self, name: str) -> None:
        """Share the room as the view of this name needs it."""
        # Between 120 and 150 columns sparklines, and who did what, need the room more than details do.
        self.pane.set_class(name in ("topics", "activity"), "-when-roomy")
        # A group of dead letters is its error, which needs the room more than details do.
        self.pane.set_class(name == "dead", "-when-asked")
