"""The key that takes back: at once what was announced a moment ago, else after a question that names it.

It remembers what this session did, and tells what came of an undo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual import on

from smq_core.format import count
from smq_tui.dialogs.confirm import Confirm, Confirmed
from smq_tui.messages import Answered, Failed
from smq_tui.requests import Undo
from smq_tui.screens.looking import Looking
from smq_tui.screens.prompts import undo_question, undo_sentence
from smq_tui.screens.undo_stack import Deed
from smq_tui.screens.views.activity_view import ActivityView
from smq_tui.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_tui.dialogs.confirm import Question
    from smq_tui.requests import Act, Purge

__all__ = ["REPORT_FROM", "Undoing"]

REPORT_FROM: Final = 500
"""From so many messages on, progress is told while it runs."""


class Undoing(Looking):
    """The key that takes back."""

    _deeds: tuple[Deed, ...] = ()
    """What this session did, the last at the end: `z` is not for what others did."""
    _announced: tuple[Undo | None, str] = (None, "")
    """What was announced last, and in which words."""
    _deed_in_question: Deed | None = None

    def undo(self) -> None:
        """Take back what this session did last; on the screen of activity, the chosen operation."""
        view = self.view
        if isinstance(view, ActivityView):
            deed = view.deed
            nothing = "nothing was done yet"
        else:
            deed = self._deeds[-1] if self._deeds else None
            nothing = "nothing was done in this session: 6 shows what others did, z undoes it there"
        if deed is None:
            self.say(nothing, "warning")
        elif deed.undo is None:
            self.say(f"the {deed.what} cannot be undone{': ' * bool(deed.why_not)}{deed.why_not}", "warning")
        elif self._is_just_announced(deed.undo):
            self._take_back(deed)
        else:
            what = undo_question(deed, self.session.actor, self.context.now)
            self.decide(what, lambda _: self._take_back(deed))

    def decide(self, what: Question, then: Callable[[Confirmed], None]) -> None:
        """Ask, and go on when the answer is yes."""

        def take(confirmed: Confirmed | None) -> None:
            if confirmed is None:
                self.say("nothing was done")
            else:
                then(confirmed)

        self.app.push_screen(Confirm(what), take)

    def begin(self, request: Act | Undo | Purge, name: str, number: int) -> None:
        """Ask for what may take long."""
        self.was_stopped = False
        if number >= REPORT_FROM:
            self.progress = f"{name} of {count(number)} begins… (Esc stops)"
            self.show_lines()
        self.ask(request)

    def end(self, sentence: str, deed: Deed | None = None, *, is_partial: bool = False) -> None:
        """Announce what came of something; what was done is remembered for `z`."""
        self.progress = ""
        self.say(sentence, "warning" if is_partial else "information")
        if deed is not None:
            self._deeds = (*self._deeds, deed)
            activity = self.views["activity"]
            if deed.operation is not None and isinstance(activity, ActivityView):
                activity.offer_no_undo(deed.operation)
            self._announced = (deed.undo, self.said.text)
        self.show_lines()

    def _is_just_announced(self, undo: Undo) -> bool:
        """Return whether the announcement of an operation is what one still reads."""
        announced, sentence = self._announced
        is_same = announced is not None and announced.operation == undo.operation
        return is_same and bool(sentence) and self.said.text == sentence

    def _take_back(self, deed: Deed) -> None:
        if deed.undo is not None:
            self._deed_in_question = deed
            self.begin(deed.undo, "undo", deed.undo.count)

    @on(Answered)
    def _report_undo(self, event: Answered) -> None:
        undo, outcome = event.request, event.value
        if not isinstance(undo, Undo) or not isinstance(outcome, Outcome):
            return
        self._forget(undo)
        sentence = undo_sentence(undo, outcome)
        rest = undo.count - outcome.done - outcome.missed_count
        deed = self._deed_in_question
        if deed is not None and self.was_stopped and rest > 0:
            # What it did to the others is still to be taken back.
            left = Deed(what=deed.what, by=deed.by, at=deed.at, undo=Undo(undo.operation, rest, undo.what))
            self.end(f"{sentence}; {count(rest)} are left: z goes on", left, is_partial=True)
        else:
            self.end(sentence, is_partial=bool(outcome.missed_count or outcome.left_ready))

    @on(Failed)
    def _tell_undo_failure(self, event: Failed) -> None:
        if isinstance(event.request, Undo):
            self._forget(event.request)
            self.end(event.sentence, is_partial=True)

    def _forget(self, undo: Undo) -> None:
        self._deeds = tuple(
            deed for deed in self._deeds if deed.undo is None or deed.undo.operation != undo.operation
        )
