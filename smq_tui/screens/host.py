"""What controllers use of the screen that they belong to, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.message import Message
    from textual.notifications import SeverityLevel
    from textual.screen import Screen

    from smq_tui.requests import Request
    from smq_tui.screens.context import Context
    from smq_tui.screens.controllers.details import Details
    from smq_tui.screens.views.view import View
    from smq_tui.settings.session import DashboardSession
    from smq_tui.widgets.detail_pane import DetailPane

__all__ = ["Host", "RememberedHost", "ViewHost", "ignore"]

T = TypeVar("T")


def ignore(*_: object) -> None:
    """Do nothing with a failure or with progress."""


class Host(Protocol):
    """What every controller may use: what is known and chosen, the operator, the gateway."""

    @property
    def session(self) -> DashboardSession:
        """How the session may act."""
        ...

    @property
    def context(self) -> Context:
        """What is known at the moment."""
        ...

    @property
    def view(self) -> View:
        """The view that is shown."""
        ...

    def say(self, sentence: str, severity: SeverityLevel = "information") -> None:
        """Show the operator a sentence for some seconds."""
        ...

    def open(self, dialog: Screen[T], then: Callable[[T | None], None]) -> None:
        """Open a dialog, and continue with what it is dismissed with."""
        ...

    def ask(
        self,
        request: Request,
        kind: type[T],
        then: Callable[[T], None],
        *,
        failed: Callable[[str], None] = ignore,
        progressed: Callable[[int, int | None], None] = ignore,
    ) -> None:
        """Ask the gateway, and continue with the answer, which is of this kind.

        `failed` is called instead with the reason, `progressed` meanwhile with what is done and the total.
        """
        ...

    def withdraw(self) -> None:
        """End what was asked for and still runs."""
        ...

    def post_message(self, message: Message) -> bool:
        """Post what the operator wants of the application."""
        ...

    def show_lines(self) -> None:
        """Bring the lines around the view up to date."""
        ...

    def show_row_lines(self) -> None:
        """Bring the lines that are about the chosen row up to date."""
        ...


class ViewHost(Host, Protocol):
    """What controllers may use that choose what is shown and what has the focus."""

    @property
    def views(self) -> Mapping[str, View]:
        """The six views, by name."""
        ...

    @property
    def current(self) -> str:
        """The name of the view that is shown."""
        ...

    def show_view(self, name: str) -> None:
        """Show a view; its list gets the focus."""
        ...

    def focus_list(self) -> None:
        """Give the list the focus."""
        ...


class RememberedHost(Protocol):
    """What is remembered of a screen from one start to the next."""

    @property
    def session(self) -> DashboardSession:
        """How the session may act."""
        ...

    @property
    def views(self) -> Mapping[str, View]:
        """The six views, by name."""
        ...

    @property
    def pane(self) -> DetailPane:
        """The pane of the details."""
        ...

    @property
    def details(self) -> Details:
        """What the pane shows, and how."""
        ...
