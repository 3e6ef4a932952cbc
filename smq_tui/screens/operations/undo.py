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

    def __init__(self, host: ViewHost, said: MessageLine, long_action: LongAction) -> None:
        self._host = host
        self._said = said
        self._long_action = long_action
        self._deeds: tuple[UndoEntry, ...] = ()
        self._announced: tuple[UndoOperation | None, str] = (None, "")
        """What was announced last, and in which words."""
        self.actions: Mapping[str, Callable[[], object]] = {"undo": self.undo}

    def announce(self, sentence: str, deed: UndoEntry | None = None, *, is_partial: bool = False) -> None:
        """Announce what came of an action; what was done is remembered for `z`."""
        self._long_action.end()
        self._host.say(sentence, "warning" if is_partial else "information")
        if deed is not None:
            self._deeds = (*self._deeds, deed)
            activity = self._host.views["activity"]
            if deed.operation is not None and isinstance(activity, ActivityView):
                activity.offer_no_undo(deed.operation)
            self._announced = (deed.undo, self._said.text)
        self._host.show_lines()

    def announce_failure(self, sentence: str) -> None:
        """Announce why an action was not carried out."""
        self.announce(sentence, is_partial=True)

    def return_to(self, form: FormDialog[Typed], reason: str) -> None:
        """Show in a form why it was not saved; announce it if the form was left meanwhile."""
        if not form.keep_open(reason):
            self.announce_failure(reason)

    def undo(self) -> None:
        """Take back what this session did last; on the screen of activity, the chosen operation."""
        host = self._host
        view = host.view
        if isinstance(view, ActivityView):
            deed = view.deed
            nothing = "nothing has been done yet"
        else:
            deed = self._deeds[-1] if self._deeds else None
            nothing = "nothing has been done in this session: 6 shows what others did, and z undoes it there"
        if deed is None:
            host.say(nothing, "warning")
        elif deed.undo is None:
            host.say(f"the {deed.what} cannot be undone{': ' * bool(deed.why_not)}{deed.why_not}", "warning")
        elif self._is_just_announced(deed.undo):
            self._take_back(deed, deed.undo)
        else:
            what = undo_question(deed, host.session.actor, host.context.now)
            undo = deed.undo
            confirm(host, what, lambda _: self._take_back(deed, undo))

    def _is_just_announced(self, undo: UndoOperation) -> bool:
        """Return whether the announcement of an operation is what one still reads."""
        announced, sentence = self._announced
        is_same = announced is not None and announced.operation == undo.operation
        return is_same and bool(sentence) and self._said.text == sentence

    def _take_back(self, deed: UndoEntry, undo: UndoOperation) -> None:
        self._long_action.run(
            undo, undo.count, partial(self._report, deed, undo), partial(self._report_failure, undo)
        )

    def _report(self, deed: UndoEntry, undo: UndoOperation, outcome: Outcome) -> None:
        self._forget(undo)
        sentence = undo_sentence(undo, outcome)
        rest = undo.count - outcome.done - outcome.missed_count
        if self._long_action.was_stopped and rest > 0:
            # What it did to the others is still to be taken back.
            left = UndoEntry(
                what=deed.what, by=deed.by, at=deed.at, undo=UndoOperation(undo.operation, rest, undo.what)
            )
            remaining = counted(rest, "message is left", "messages are left")
            self.announce(f"{sentence}; {remaining}: z continues", left, is_partial=True)
        else:
            self.announce(sentence, is_partial=bool(outcome.missed_count or outcome.left_ready))

    def _report_failure(self, undo: UndoOperation, sentence: str) -> None:
        self._forget(undo)
        self.announce_failure(sentence)

    def _forget(self, undo: UndoOperation) -> None:
        self._deeds = tuple(
            deed for deed in self._deeds if deed.undo is None or deed.undo.operation != undo.operation
        )
