"""Asks for a few short texts, checked before the dialog is left.

The reason of a pause, the file of an export.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Input, Static

from smq_core.safe_text import cell
from smq_tui.dialogs.dialog import button, text
from smq_tui.dialogs.form_dialog import FormDialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from smq_tui.widgets.detail_text import Pieces

__all__ = ["Field", "Fields"]


@dataclass(frozen=True, slots=True)
class Field:
    """One text that is asked for."""

    id: str
    label: str
    value: str = ""
    placeholder: str = ""


class Fields(FormDialog[Mapping[str, str]]):
    """A few fields; Enter goes to the next, and at the last saves what was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Do it", id="dialog.submit", tooltip="Confirm the dialog"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = "Input"

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        label: str,
        *,
        save: Callable[[FormDialog[Mapping[str, str]], Mapping[str, str]], None],
        untyped: str = "",
        pieces: Pieces | None = None,
        check: Callable[[Mapping[str, str]], str | None] = lambda _: None,
    ) -> None:
        """Ask for fields, to `save` by id; `check` returns why values are invalid, None for valid ones.

        Where nothing was typed, Enter shows the sentence `untyped` instead of saving, if there is one.
        """
        super().__init__(save)
        self._title_text = title
        self._fields = tuple(fields)
        self._before = {field.id: cell(field.value) for field in fields}
        self._label = label
        self._untyped = untyped
        self._pieces = pieces or []
        self._check = check

    def title_text(self) -> str:
        """Return what it is about."""
        return self._title_text

    def compose_body(self) -> ComposeResult:
        """Yield the fields, and the buttons."""
        if self._pieces:
            yield text(self._pieces)
        for field in self._fields:
            yield text([(field.label, "")], classes="dialog-note")
            yield Input(cell(field.value), placeholder=field.placeholder, id=field.id)
        yield Static("", id="why", classes="dialog-error", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield button("Cancel (Esc)", id="cancel")
            yield button(self._label, id="submit", variant="primary")

    def action_submit(self) -> None:
        """Save the values, if they are valid."""
        values = self._values
        sentence = self._check(values)
        if sentence is None:
            self.submit(values)
        else:
            self.explain(sentence)

    @property
    def _values(self) -> Mapping[str, str]:
        return {field.id: self.query_one(f"#{field.id}", Input).value for field in self._fields}

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        if event.input.id != self._fields[-1].id:
            self.focus_next()
        elif self._untyped and all(
            self.query_one(f"#{one.id}", Input).value == cell(one.value) for one in self._fields
        ):
            self.explain(self._untyped)
        else:
            self.action_submit()

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        if event.button.id == "submit":
            self.action_submit()
        else:
            self.action_leave()
