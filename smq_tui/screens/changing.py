"""What UPPERCASE keys do to messages: fix the targets, ask by blast radius, act, and report truthfully."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from smq_core.format import count
from smq_core.safe_text import cell
from smq_tui.keys.actions import Danger, action
from smq_tui.messages import Answered, Failed, Progressed
from smq_tui.requests import Act, Aim, Freeze, Purge, Undo
from smq_tui.screens.prompts import nothing_sentence, outcome_sentence, purge_question, question
from smq_tui.screens.undo_stack import Deed, deed_of, what_of
from smq_tui.screens.undoing import REPORT_FROM, Undoing
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.text.filters import Query
from smq_tui.values import Outcome, Selection, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_tui.requests import Verb

__all__ = ["Changing"]


class Changing(Undoing):
    """The keys that change messages."""

    def act(self, verb: Verb) -> None:
        """Requeue, delete or bury what is marked, or the cursor's row."""
        self._aim(verb, lambda aim: self._ask_before(verb, aim))

    def purge(self) -> None:
        """Remove for good what a topic has in the state that is shown."""
        view = self.view
        reason = view.why_not("purge")
        if reason is not None or not isinstance(view, MessagesView):
            self.say(reason or "messages are purged on screen 2", "warning")
            return
        topic, state = view.filtered_by.topic, view.state
        shown = view.filtered_by
        is_filtered = shown != Query(text=shown.text, topic=topic, state=shown.state)
        if topic is None or state is None or state is State.PROCESSING or is_filtered:
            self.say(
                "a purge is for one topic and one state, without a filter: choose both (1, Enter, ])",
                "warning",
            )
            return
        what = f"{state.value} messages of {cell(topic, 40)}"
        self._count(
            Freeze(Selection(topic=topic, state=state), what, "purge"),
            lambda aim: self._ask_before_purge(aim, topic, state),
        )

    def _ask_before_purge(self, aim: Aim, topic: str, state: State) -> None:
        if not aim.count:
            self.say(f"{cell(topic, 40)} has nothing {state.value}", "warning")
            return
        purge = Purge(aim)
        self.decide(purge_question(aim, topic, state), lambda _: self.begin(purge, "purge", aim.count))

    def _aim(self, purpose: str, then: Callable[[Aim], None]) -> None:
        """Fix what an action is for; what has to be counted first comes back as an answer."""
        view = self.view
        reason = view.why_not(purpose)
        if reason is None and view.is_behind:
            self.say(f"{action(purpose).label.lower()}: looking what there is now…")
            view.when_read(lambda: self._aim(purpose, then))
            return
        aim = reason or view.aim(purpose)
        if isinstance(aim, str):
            self.say(aim, "warning")
        elif isinstance(aim, Freeze):
            self._count(aim, then)
        else:
            then(aim)

    def _count(self, freeze: Freeze, then: Callable[[Aim], None]) -> None:
        """Fix everything that matches, and go on with it; of two that wait, with the later."""
        self._counted = (freeze, then)
        self.ask(freeze)

    _counted: tuple[Freeze, Callable[[Aim], None]] | None = None
    """What is being fixed, and what it is for."""

    def _ask_before(self, verb: Verb, aim: Aim) -> None:
        if not aim.count:
            self.say(nothing_sentence(verb, aim), "warning")
            return
        what = question(verb, aim, self.context.now)
        if what.danger is Danger.NONE:
            self._carry_out(Act(verb, aim))
        else:
            self.decide(what, lambda confirmed: self._carry_out(Act(verb, aim, confirmed.is_forced)))

    def _carry_out(self, act: Act) -> None:
        self.begin(act, act.verb, act.aim.number(is_forced=act.is_forced))

    @on(Progressed)
    def _tell_progress(self, event: Progressed) -> None:
        if isinstance(event.request, Freeze) and event.done >= REPORT_FROM:
            self.progress = f"looking: {count(event.done)} found (Esc stops)"
            self.show_lines()
        elif isinstance(event.request, Act | Undo | Purge) and event.done >= REPORT_FROM:
            of = f" of {count(event.total)}" if event.total else ""
            self.progress = f"{count(event.done)}{of} {_past(event.request)} (Esc stops)"
            self.show_lines()

    @on(Answered)
    def _report(self, event: Answered) -> None:
        match event.request, event.value:
            case Freeze() as freeze, Aim() as aim if self._counted and self._counted[0] is freeze:
                (_, then), self._counted = self._counted, None
                self.progress = ""
                self.show_lines()
                then(aim)
            case Act(verb=verb, aim=aim) as act, Outcome() as outcome:
                if not aim.is_selection:
                    done = set(outcome.done_ids)
                    self.view.table.unmark(key for key in self.view.table.marks if key in done)
                elif self.view.aims_at_all:
                    self.view.clear_marks()
                deed = deed_of(act, outcome, self.session.actor, self.context.now)
                is_undoable = deed is not None and deed.undo is not None
                self.end(
                    outcome_sentence(action(verb).past, outcome, is_undoable=is_undoable),
                    deed,
                    is_partial=bool(outcome.missed_count or outcome.missed),
                )
            case Purge(aim=aim), Outcome() as outcome:
                what = what_of("purge", outcome.done, aim.topics[0])
                deed = Deed(what=what, by=self.session.actor, at=self.context.now, why_not="it is for good")
                self.end(
                    outcome_sentence("removed for good", outcome, is_undoable=False),
                    deed if outcome.done else None,
                    is_partial=bool(outcome.missed_count),
                )

    @on(Failed)
    def _tell_failure(self, event: Failed) -> None:
        if self._counted and event.request is self._counted[0]:
            self._counted = None
        if isinstance(event.request, Act | Purge | Freeze):
            self.end(event.sentence, is_partial=True)


def _past(request: Act | Undo | Purge) -> str:
    if isinstance(request, Undo):
        return "brought back"
    return action(request.verb).past if isinstance(request, Act) else "purged"
