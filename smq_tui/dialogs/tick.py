"""A box to tick whose sign shows whether it is ticked, without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Checkbox

from smq_core.safe_text import cell

if TYPE_CHECKING:
    from textual.geometry import Size

__all__ = ["Tick"]


class Tick(Checkbox, inherit_bindings=False):
    """A box to tick."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "app.focus_next", show=False),
        Binding("space", "toggle_button", "Tick", show=False),
    ]
    DEFAULT_CSS = """
    Tick { width: 1fr; text-wrap: wrap; }
    """

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(Content(cell(label)), id=id, compact=True)

    def render(self) -> Content:
        """Draw a box that looks like one: `[x]` or `[ ]`."""
        return Content.assemble((f"[{'x' if self.value else ' '}] ", "bold"), self.label)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        """Take as many lines as the label needs: what it warns of is not cut."""
        return Content(self.render().plain).get_height({}, width) if width else 1
