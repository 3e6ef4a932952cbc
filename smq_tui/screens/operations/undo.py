"""What this session did, and `z`, which takes it back.

At once what was announced a moment ago, else after a question that names it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from smq_core.format import counted
from smq_tui.requests import UndoOperation
from smq_tui.screens.operations.confirmation import confirm
from smq_tui.screens.prompts import undo_question, undo_sentence
from smq_tui.screens.undo_stack import UndoEntry
from smq_tui.screens.views.activity_view import ActivityView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.dialogs.form_dialog import FormDialog
    from smq_tui.screens.host import ViewHost
    from smq_tui.screens.operations.long_action import LongAction
    from smq_tui.values import Outcome
    from smq_tui.widgets.message_line import MessageLine

__all__ = ["UndoHistory"]

Typed = TypeVar("Typed")


class UndoHistory:
    """The operations of this session, the last at the end: `z` is not for what others did."""

    def __init__(self, host: ViewHost, message_line: MessageLine, long_action: LongAction) -> None:
        self._host = host
        self._message_line = message_line
        self._long_action = long_action
        self._entries: tuple[UndoEntry, ...] = ()
        self._announced: tuple[UndoOperation | None, str] = (None, "")
        """What was announced last, and in which words."""
        self.actions: Mapping[str, Callable[[], object]] = {"undo": self.undo}

    def announce(self, sentence: str, entry: UndoEntry | None = None, *, is_partial: bool = False) -> None:
        """Announce what came of an action; what was done is remembered for `z`."""
        self._long_action.end()
        self._host.say(sentence, "warning" if is_partial else "information")
        if entry is not None:
            self._entries = (*self._entries, entry)
            activity = self._host.views["activity"]
            if entry.operation is not None and isinstance(activity, ActivityView):
                activity.offer_no_undo(entry.operation)
            self._announced = (entry.undo, self._message_line.text)
        self._host.show_lines()

    def announce_failure(self, sentence: str) -> None:
        """Announce why an action was not carried out."""
        self.announce(sentence, is_partial=True)

    def return_to(self, form: FormDialog[Typed], reason: str) -> None:
        """Show in a form why it was not saved; announce it if the form was left meanwhile."""
        if not form.keep_open(reason):
            self.announce_failure(reason)

    def undo(self) -> None:
        """Undo what this session did last; on the screen of activity, the chosen operation."""
        host = self._host
        view = host.view
        if isinstance(view, ActivityView):
            entry = view.undo_entry
            nothing = "nothing has been done yet"
        else:
            entry = self._entries[-1] if self._entries else None
            nothing = (
                "nothing has been done in this session: "
                "press 6 to see what others did, and z there to undo it"
            )
        if entry is None:
            host.say(nothing, "warning")
        elif entry.undo is None:
            host.say(
                f"the {entry.what} cannot be undone{': ' * bool(entry.why_not)}{entry.why_not}", "warning"
            )
        elif self._is_just_announced(entry.undo):
            self._take_back(entry, entry.undo)
        else:
            what = undo_question(entry, host.session.actor, host.context.now)
            undo = entry.undo
            confirm(host, what, lambda _: self._take_back(entry, undo))

    def _is_just_announced(self, undo: UndoOperation) -> bool:
        """Return whether the announcement of an operation is what one still reads."""
        announced, sentence = self._announced
        is_same = announced is not None and announced.operation == undo.operation
        return is_same and bool(sentence) and self._message_line.text == sentence

    def _take_back(self, entry: UndoEntry, undo: UndoOperation) -> None:
        self._long_action.run(
            undo, undo.count, partial(self._report, entry, undo), partial(self._report_failure, undo)
        )

    def _report(self, entry: UndoEntry, undo: UndoOperation, outcome: Outcome) -> None:
        self._forget(undo)
        sentence = undo_sentence(undo, outcome)
        rest = undo.count - outcome.done - outcome.missed_count
        if self._long_action.was_stopped and rest > 0:
            # What it did to the others is still to be taken back.
            left = UndoEntry(
                what=entry.what, by=entry.by, at=entry.at, undo=UndoOperation(undo.operation, rest, undo.what)
            )
            remaining = counted(rest, "message is left", "messages are left")
            self.announce(f"{sentence}; {remaining}: press z to continue", left, is_partial=True)
        else:
            self.announce(sentence, is_partial=bool(outcome.missed_count or outcome.left_ready))

    def _report_failure(self, undo: UndoOperation, sentence: str) -> None:
        self._forget(undo)
        self.announce_failure(sentence)

    def _forget(self, undo: UndoOperation) -> None:
        self._entries = tuple(
            entry for entry in self._entries if entry.undo is None or entry.undo.operation != undo.operation
        )
