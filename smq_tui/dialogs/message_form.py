"""The form for a message: a new one, or changes to one that was seen.

It checks what was typed and shows a diff before it saves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Input, Static, TextArea

from smq_core.format import parse_duration
from smq_core.safe_text import cell
from smq_tui.dialogs.confirm import Confirm, Confirmed, Question
from smq_tui.dialogs.dialog import button, text
from smq_tui.dialogs.form_dialog import FormDialog
from smq_tui.keys.actions import Danger
from smq_tui.requests import Add, EditMessage
from smq_tui.text.payload_forms import (
    NEW_PAYLOAD,
    Form,
    diff,
    form_of,
    headers_from,
    headers_text,
    new_payload,
    payload_from,
    payload_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult

    from smq_tui.values import Message

__all__ = ["MessageForm"]


class MessageForm(FormDialog[Add | EditMessage]):
    """A message, to be added or edited."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="dialog.save", tooltip="Check, show what changes, and save"),
    ]
    DEFAULT_CSS = """
    MessageForm TextArea { height: 10; max-height: 35vh; border: none; background: $boost; padding: 0 1; }
    MessageForm TextArea:focus { border: none; }
    MessageForm .form-row { height: 1; }
    MessageForm .form-row > Static { width: 14; color: $text-muted; }
    MessageForm .form-row > Input { width: 1fr; }
    """

    def __init__(
        self,
        message: Message | None,
        *,
        save: Callable[[FormDialog[Add | EditMessage], Add | EditMessage], None],
        topic: str = "",
    ) -> None:
        """Edit a message, or add one to a topic."""
        super().__init__(save)
        self._message = message
        self._form = Form.JSON if message is None else form_of(message)
        self._before = _texts(message, self._form) if message else {}
        self._topic = topic
        self._untouched: tuple[str, ...] = ()
        """All fields as they were when it was opened."""
        self._warned_of: tuple[str, ...] = ()
        """All fields as they were when one was told that they are not saved."""
        self.is_thrown_away = False
        """True when it was left with changes in it that nobody saved."""

    def title_text(self) -> str:
        """Return what it is about."""
        if self._message is None:
            return "Add a message"
        return f"Edit message {self._message.id} of {cell(self._message.topic, 60)}"

    def compose_body(self) -> ComposeResult:
        """Yield a row for each value, and the payload below."""
        if self._message is None:
            yield from _row("topic", "Topic", self._topic or "default")
            yield from _row("delay", "Delay", "", "immediately; or 5s, 10m, 2h")
        yield from _row(
            "priority", "Priority", self._before.get("priority", "0"), "-100 to 100; higher is leased first"
        )
        yield from _row("key", "Key", self._before.get("key", ""), "none")
        yield from _row("max_attempts", "Max attempts", self._before.get("max_attempts", ""), "the topic's")
        yield from _row("headers", "Headers", self._before.get("headers", ""), 'none; or {"name": "text"}')
        note = NEW_PAYLOAD if self._message is None else self._form.value
        yield text([(f"Payload ({note})", "")], classes="dialog-note")
        yield TextArea(
            self._before.get("payload", ""), id="payload", tab_behavior="focus", show_line_numbers=False
        )
        yield Static("", id="why", classes="dialog-error", markup=False)
        with Horizontal(classes="dialog-buttons"):
            yield button("Cancel (Esc)", id="cancel")
            yield button("Save (Ctrl+S)", id="save", variant="primary")

    def on_mount(self) -> None:
        """Begin with what is wanted most."""
        self.query_one("#topic" if self._message is None else "#payload").focus()
        self._untouched = self._fields

    def action_leave(self) -> None:
        """Leave; what was changed is thrown away only when one asks for it twice."""
        is_changed = self._fields != self._untouched
        if not self.is_waiting and is_changed and self._fields != self._warned_of:
            self._warned_of = self._fields
            self.explain("not saved: press Esc again to discard the changes, Ctrl+S to save them")
        else:
            self.is_thrown_away = is_changed and not self.is_waiting
            super().action_leave()

    def action_save(self) -> None:
        """Check what was typed; a change is shown before it is saved."""
        if self.is_waiting:
            return
        self._warned_of = ()
        try:
            request = self._add() if self._message is None else self._edit(self._message)
        except ValueError as error:
            self.explain(str(error))
            return
        if request is None:
            self.explain("nothing has changed: press Esc to close")
        elif isinstance(request, Add):
            self.submit(request)
        else:
            self._show_changes(request)

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        if event.button.id == "save":
            self.action_save()
        else:
            self.action_leave()

    def _show_changes(self, request: EditMessage) -> None:
        question = Question(
            title=f"Save these changes to message {request.id}?",
            pieces=diff(self._before, self._values()),
            effect="z undoes this.",
            label="Save",
            cancel="Continue editing",
            danger=Danger.ASK,
            is_enter_yes=True,
        )

        def decide(confirmed: Confirmed | None) -> None:
            if confirmed is not None:
                self.submit(request)
            else:
                self._warned_of = ()
                self.explain("not saved: press Ctrl+S to try again, or Esc twice to discard the changes")

        self.app.push_screen(Confirm(question), decide)

    @property
    def _fields(self) -> tuple[str, ...]:
        values = (field.value for field in self.query(Input))
        return (*values, self.query_one("#payload", TextArea).text)

    def _values(self) -> dict[str, str]:
        values = {
            name: self.query_one(f"#{name}", Input).value
            for name in ("priority", "key", "max_attempts", "headers")
        }
        return {**values, "payload": self.query_one("#payload", TextArea).text}

    def _add(self) -> Add:
        values = self._values()
        delay = self.query_one("#delay", Input).value
        return Add(
            topic=self.query_one("#topic", Input).value,
            payload=new_payload(values["payload"]),
            headers=headers_from(values["headers"]),
            priority=_number(values["priority"] or "0", "the priority"),
            key=values["key"] or None,
            delay=parse_duration(delay) if delay.strip() else 0.0,
            max_attempts=_number(values["max_attempts"], "the attempt limit")
            if values["max_attempts"]
            else None,
        )

    def _edit(self, message: Message) -> EditMessage | None:
        values = self._values()
        changed = {name: value for name, value in values.items() if value != self._before[name]}
        if not changed:
            return None
        limit = values["max_attempts"]
        return EditMessage(
            id=message.id,
            seen=message.state,
            payload=(payload_from(changed["payload"], self._form),) if "payload" in changed else None,
            headers=headers_from(changed["headers"]) if "headers" in changed else None,
            priority=_number(changed["priority"], "the priority") if "priority" in changed else None,
            key=(changed["key"] or None,) if "key" in changed else None,
            max_attempts=(_number(limit, "the attempt limit") if limit else None,)
            if "max_attempts" in changed
            else None,
        )


def _texts(message: Message, form: Form) -> Mapping[str, str]:
    return {
        "priority": str(message.priority),
        "key": cell(message.key or ""),
        "max_attempts": "" if message.max_attempts is None else str(message.max_attempts),
        "headers": headers_text(message.headers),
        "payload": payload_text(message.payload, form),
    }


def _row(field: str, label: str, value: str, placeholder: str = "") -> ComposeResult:
    with Horizontal(classes="form-row"):
        yield text([(label, "")])
        yield Input(value, placeholder=placeholder, id=field)


def _number(value: str, name: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{name} must be an integer, not {cell(value, 20)!r}") from None
