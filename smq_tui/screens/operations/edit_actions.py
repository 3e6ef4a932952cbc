"""Edits the cursor's message, and adds new ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from smq_core.safe_text import cell
from smq_tui.dialogs.message_form import MessageForm
from smq_tui.requests import Add, EditMessage, UndoOperation
from smq_tui.screens.prompts import outcome_sentence
from smq_tui.screens.undo_stack import UndoEntry
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.text.payload_forms import EDIT_LIMIT
from smq_tui.values import Outcome, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.dialogs.form_dialog import FormDialog
    from smq_tui.requests import Detail
    from smq_tui.screens.host import Host
    from smq_tui.screens.operations.undo import UndoHistory
    from smq_tui.screens.operations.whole_message import WholeMessage

    _Form: TypeAlias = FormDialog[Add | EditMessage]

__all__ = ["EditActions"]


class EditActions:
    """Edit and add."""

    def __init__(self, host: Host, whole_message: WholeMessage, history: UndoHistory) -> None:
        self._host = host
        self._whole_message = whole_message
        self._history = history
        self.actions: Mapping[str, Callable[[], object]] = {"edit": self.edit, "add": self.add}

    def edit(self) -> None:
        """Open the form for the cursor's message."""
        say = self._host.say
        view = self._host.view
        reason = view.why_not("edit")
        message = view.message if isinstance(view, MessagesView) else None
        if reason is not None or message is None:
            say(reason or "choose a message on screen 2 to edit", "warning")
        elif message.state in (State.PROCESSING, State.DELETED):
            state = "running" if message.state is State.PROCESSING else "in the trash"
            say(
                f"message {message.id} is {state} and cannot be edited: requeue it, or undo its deletion",
                "warning",
            )
        elif message.size > EDIT_LIMIT:
            say(
                f"message {message.id} is too large to edit here: use smq edit {message.id}",
                "warning",
            )
        else:
            self._whole_message.read(message.id, self._edit_whole)

    def add(self) -> None:
        """Open the form for a new message."""
        topics = self._host.view.topics_meant() or self._host.context.topics
        form = MessageForm(None, topic=topics[0] if topics else "default", save=self._save)
        self._open(form, "not saved: no message was added")

    def _edit_whole(self, detail: Detail) -> None:
        message = detail.message
        if message.state in (State.PROCESSING, State.DELETED):
            self._host.say(f"message {message.id} is now {message.state.word}", "warning")
        else:
            form = MessageForm(message, save=self._save)
            self._open(form, f"not saved: message {message.id} is unchanged")

    def _open(self, form: MessageForm, unsaved: str) -> None:
        def take(_: None) -> None:
            if form.is_thrown_away:
                self._host.say(form.failure or unsaved, "warning")

        self._host.open(form, take)

    def _save(self, form: _Form, request: Add | EditMessage) -> None:
        failed = partial(self._history.return_to, form)
        if isinstance(request, EditMessage):
            self._host.ask(request, Outcome, partial(self._report_edit, form, request), failed=failed)
        else:
            self._host.ask(request, int, partial(self._report_add, form, request), failed=failed)

    def _report_edit(self, form: _Form, edit: EditMessage, outcome: Outcome) -> None:
        sentence = outcome_sentence("edited", outcome)
        if not outcome.done:
            self._history.return_to(form, sentence)
            return
        form.close()
        what = f"edit of message {edit.id}"
        by, at = self._host.session.actor, self._host.context.now
        undo = None if outcome.operation is None else UndoOperation(outcome.operation, outcome.done, what)
        entry = None if undo is None else UndoEntry(what=what, by=by, at=at, undo=undo)
        self._history.announce(sentence, entry)

    def _report_add(self, form: _Form, add: Add, number: int) -> None:
        form.close()
        topic = cell(add.topic, 60)
        entry = UndoEntry(
            what=f"addition of message {number}",
            by=self._host.session.actor,
            at=self._host.context.now,
            why_not=f"press D to delete message {number} in {topic}",
        )
        self._history.announce(f"message {number} was added to {topic}", entry)
