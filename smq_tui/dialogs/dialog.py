"""What dialogs look like, and how they are left."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from smq_core.safe_text import block, cell
from smq_tui.dialogs.closed_once import ClosedOnce

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets.button import ButtonVariant

    from smq_tui.widgets.detail_text import Pieces

__all__ = ["Dialog", "button", "content", "text"]

Answer = TypeVar("Answer")


class Dialog(ClosedOnce[Answer | None]):
    """A box over the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="dialog.cancel", tooltip="Close without doing anything")
    ]
    DEFAULT_CSS = """
    Dialog {
        align: center middle;

        & > .dialog-box {
            width: 90%;
            max-width: 100;
            height: auto;
            max-height: 95%;
            padding: 0 1;
            border: round $accent;
            background: $surface;
        }
        .dialog-title { text-style: bold; color: $text-accent; width: 100%; }
        .dialog-buttons { height: auto; margin-top: 1; }
        .dialog-buttons > Button { margin-right: 2; min-width: 10; height: 1; border: none; }
        .dialog-buttons > Button:focus { text-style: bold reverse; }
        .dialog-samples { width: 100%; text-wrap: nowrap; text-overflow: ellipsis; }
        .dialog-note { color: $text-muted; width: 100%; height: auto; }
        .dialog-error { color: $text-error; text-style: bold; width: 100%; height: auto; }
        Input { height: 1; border: none; padding: 0 1; background: $boost; }
        Input:focus { background: $panel; border: none; }
    }
    """

    TITLE_TEXT: ClassVar[str] = ""

    def compose(self) -> ComposeResult:
        """Yield a box with a title, and what the dialog is about."""
        with VerticalScroll(classes="dialog-box", can_focus=False):
            yield text([(self.title_text(), "")], classes="dialog-title")
            yield from self.compose_body()

    def on_mount(self) -> None:
        """See to it that the box says when there is more below than has room."""
        box = self.query_one(".dialog-box", VerticalScroll)
        self.watch(box, "scroll_y", self._tell_more)
        self.watch(box, "virtual_size", self._tell_more)

    def _tell_more(self) -> None:
        box = self.query_one(".dialog-box", VerticalScroll)

        def tell() -> None:
            box.border_subtitle = "more below (Tab)" if box.scroll_y < box.max_scroll_y else ""

        # What has room is known when the new sizes are.
        self.call_after_refresh(tell)

    def title_text(self) -> str:
        """Return what stands above."""
        return self.TITLE_TEXT

    def compose_body(self) -> ComposeResult:
        """Yield what stands below the title."""
        yield from ()

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


def text(pieces: Pieces, *, id: str | None = None, classes: str | None = None) -> Static:  # noqa: A002 - Textual's name
    """Make a widget of pieces of text, safe and without markup."""
    return Static(content(pieces), markup=False, id=id, classes=classes)


def content(pieces: Pieces) -> Content:
    """Assemble pieces of text, safe and without markup."""
    return Content.assemble(*((block(piece), style) for piece, style in pieces))


def button(label: str, *, id: str, variant: ButtonVariant = "default") -> Button:  # noqa: A002 - Textual's name
    """Make a button with a literal label."""
    return Button(Content(cell(label)), variant, id=id, compact=True)
