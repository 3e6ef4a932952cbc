"""Asks before something is done to many messages: how many, which, and what will happen.

Cancel has the focus, but where a number has to be typed, or where Enter may do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, Static

from smq_core.format import count
from smq_core.safe_text import cell
from smq_tui.dialogs.dialog import Dialog, button, content, text
from smq_tui.dialogs.number_input import NumberInput
from smq_tui.dialogs.tick import Tick
from smq_tui.keys.actions import Danger

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from smq_tui.widgets.detail_text import Pieces

__all__ = ["Confirm", "Confirmed", "Question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked."""

    title: str
    pieces: Pieces
    samples: tuple[str, ...] = ()
    """A few of those that are meant, a line each."""
    effect: str = ""
    """What will happen to them."""
    label: str
    """Of the button that does it."""
    danger: Danger
    number: int = 1
    """How many are changed, which has to be typed where the danger is great; 0 where all of them are held."""
    live: int = 0
    """How many others are held by somebody right now."""
    forced_title: str = ""
    """The title when those are taken too."""
    forced_label: str = ""
    live_sentence: str = ""
    """What happens when those are taken too."""
    is_enter_yes: bool = False
    """True for what was typed by hand a moment ago and can be undone: there Enter does it too."""
    cancel: str = "Cancel"
    """Of the button that does not."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Yes."""

    is_forced: bool = False
    """Those that somebody holds too."""


class Confirm(Dialog[Confirmed]):
    """A question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "Do it", id="dialog.confirm", tooltip="Confirm the dialog"),
        Binding("n", "leave", "Cancel", id="dialog.no", tooltip="Close without doing anything"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = "#cancel"

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question

    def title_text(self) -> str:
        """Return what it is about."""
        return self.question.title

    def compose_body(self) -> ComposeResult:
        """Yield what will happen, what to type, and the buttons."""
        question = self.question
        yield text(question.pieces)
        if question.samples:
            yield text([("\n".join(question.samples), "$foreground 65%")], classes="dialog-samples")
        if question.effect:
            yield text([(f"\n{question.effect}", "")])
        if question.live:
            tick = Tick(question.live_sentence, id="force")
            yield tick
        if question.danger is Danger.TYPE:
            yield text(_to_type(question.number or question.live), id="wanted")
            yield NumberInput(id="number", placeholder="the number")
        yield Static("", id="why", classes="dialog-error", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield button(f"{question.cancel} (Esc)", id="cancel")
            yield button(f"{question.label} ({self._key})", id="confirm", variant="warning")

    def on_mount(self) -> None:
        """Be ready for a number where one has to be typed, and for Enter where it may do it."""
        if self.question.danger is Danger.TYPE:
            self.query_one("#number").focus()
        elif self.question.is_enter_yes:
            self.query_one("#confirm").focus()

    @property
    def _key(self) -> str:
        is_enter = self.question.is_enter_yes or self.question.danger is Danger.TYPE
        return "Enter" if is_enter else "y"

    def action_confirm(self) -> None:
        """Do it, if the number was typed."""
        if self.question.danger is Danger.TYPE:
            typed = self.query_one("#number", Input).value.replace(",", "")
            if typed != str(self._number):
                self._want_number()
                return
        if not self.question.number and not self._is_forced:
            self._refuse("force", "all of them are running: press Space to tick the box and include them")
            return
        self.dismiss(Confirmed(self._is_forced))

    @property
    def _is_forced(self) -> bool:
        return bool(self.question.live) and self.query_one("#force", Checkbox).value

    @property
    def _number(self) -> int:
        """How many are changed as the box is; where all are held, nothing is before it is ticked."""
        question = self.question
        return question.number + question.live if self._is_forced or not question.number else question.number

    @property
    def _label(self) -> str:
        return self.question.forced_label if self._is_forced else self.question.label

    @on(Checkbox.Changed)
    def _count_held(self) -> None:
        """Ask for as many as are changed when the box is ticked, or not."""
        question = self.question
        title = question.forced_title if self._is_forced else question.title
        self.query_one(".dialog-title", Static).update(content([(title, "")]))
        self.query_one("#confirm", Button).label = Content(cell(f"{self._label} ({self._key})"))
        if question.danger is Danger.TYPE:
            self.query_one("#wanted", Static).update(content(_to_type(self._number)))

    def on_key(self, event: events.Key) -> None:
        """Report which keys there are when another was pressed."""
        if event.key not in self.active_bindings:
            question = self.question
            offered = f"{self._key}: {self._label}.  Esc: {question.cancel}."
            self.query_one("#why", Static).update(offered)

    @on(NumberInput.Refused)
    def _want_number(self) -> None:
        number = count(self._number)
        self._refuse(
            "number", f"type {number} and press Enter to confirm the number of messages; Esc cancels"
        )

    @on(Input.Submitted)
    def _submit(self) -> None:
        self.action_confirm()

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        if event.button.id == "confirm":
            self.action_confirm()
        else:
            self.action_leave()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _take_back_refusal(self) -> None:
        self.query_one("#why", Static).update("")

    def _refuse(self, where: str, sentence: str) -> None:
        """Describe what is missing, and go there."""
        self.query_one("#why", Static).update(sentence)
        self.query_one(f"#{where}").focus()


def _to_type(number: int) -> Pieces:
    return [(f"\nType {number} and press Enter to continue.", "bold")]
