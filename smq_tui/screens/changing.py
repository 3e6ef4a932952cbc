"""What UPPERCASE keys do to messages: fix the targets, ask by blast radius, act, and report truthfully."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual import on

from smq_core.format import count
from smq_core.safe_text import cell
from smq_tui.actions import Danger, action
from smq_tui.dialogs.confirm import Confirm, Confirmed
from smq_tui.messages import Answered, Failed, Progressed
from smq_tui.requests import Act, Aim, Freeze, Purge, Undo
from smq_tui.screens.activity_view import ActivityView
from smq_tui.screens.looking import Looking
from smq_tui.screens.messages_view import MessagesView
from smq_tui.screens.questions import outcome_sentence, purge_question, question
from smq_tui.values import Outcome, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_tui.dialogs.confirm import Question
    from smq_tui.requests import Verb

__all__ = ["Changing"]

_REPORT_FROM: Final = 500
"""From so many messages on, progress is told while it runs."""


class Changing(Looking):
    """The keys that change messages."""

    _own_operations: tuple[Undo, ...] = ()
    """How to take back what this session did, the last at the end: `z` is not for what others did."""

    def act(self, verb: Verb) -> None:
        """Requeue, delete or bury what is marked, or the cursor's row."""
        self._aim(verb, lambda aim: self._ask_before(verb, aim))

    def undo(self) -> None:
        """Take back what this session did last; on the screen of activity, the chosen operation."""
        view = self.view
        if isinstance(view, ActivityView):
            entry = view.entry
            if entry is None or not entry.is_undoable:
                self.say("that cannot be undone" if entry else "nothing was done yet", "warning")
            else:
                self._take_back(Undo(entry.operation, entry.count))
        elif self._own_operations:
            self._take_back(self._own_operations[-1])
        else:
            self.say(
                "nothing was done in this session: 6 shows what others did, z undoes it there", "warning"
            )

    def purge(self) -> None:
        """Remove for good what a topic has in the state that is shown."""
        view = self.view
        reason = view.why_not("purge")
        if reason is not None or not isinstance(view, MessagesView):
            self.say(reason or "messages are purged on screen 2", "warning")
            return
        topic, state = view.filtered_by.topic, view.state
        beyond = view.filtered_by.text.replace(f"topic:{topic}", "").strip() if topic else ""
        if topic is None or state is None or state is State.PROCESSING or beyond:
            self.say(
                "a purge is for one topic and one state, without a filter: choose both (1, Enter, ])",
                "warning",
            )
            return
        number = self._number_in(topic, state)
        if not number:
            self.say(f"{cell(topic, 40)} has nothing {state.value}", "warning")
            return
        self.decide(purge_question(topic, state, number), lambda _: self.ask(Purge(topic, state)))

    def decide(self, what: Question, then: Callable[[Confirmed], None]) -> None:
        """Ask, and go on when the answer is yes."""

        def take(confirmed: Confirmed | None) -> None:
            if confirmed is None:
                self.say("nothing was done")
            else:
                then(confirmed)

        self.app.push_screen(Confirm(what), take)

    def _aim(self, purpose: str, then: Callable[[Aim], None]) -> None:
        """Fix what an action is for; what has to be counted first comes back as an answer."""
        reason = self.view.why_not(purpose)
        aim = reason or self.view.aim(purpose)
        if isinstance(aim, str):
            self.say(aim, "warning")
        elif isinstance(aim, Freeze):
            self._when_counted = then
            self.ask(aim)
        else:
            then(aim)

    _when_counted: Callable[[Aim], None] | None = None

    def _ask_before(self, verb: Verb, aim: Aim) -> None:
        if not aim.count:
            self.say("nothing matches any more", "warning")
            return
        what = question(verb, aim, self.context.now)
        if what.danger is Danger.NONE:
            self._carry_out(Act(verb, aim))
        else:
            self.decide(what, lambda confirmed: self._carry_out(Act(verb, aim, confirmed.is_forced)))

    def _carry_out(self, act: Act) -> None:
        self._begin(act, act.verb, act.aim.count)

    def _take_back(self, undo: Undo) -> None:
        self._begin(undo, "undo", undo.count)

    def _begin(self, request: Act | Undo, name: str, number: int) -> None:
        self.was_stopped = False
        if number >= _REPORT_FROM:
            self.progress = f"{name} of {count(number)} begins… (Esc stops)"
            self.show_lines()
        self.ask(request)

    @on(Progressed)
    def _tell_progress(self, event: Progressed) -> None:
        if isinstance(event.request, Act | Undo | Purge) and event.done >= _REPORT_FROM:
            of = f" of {count(event.total)}" if event.total else ""
            self.progress = f"{count(event.done)}{of} {_past(event.request)} (Esc stops)"
            self.show_lines()

    @on(Answered)
    def _report(self, event: Answered) -> None:
        match event.request, event.value:
            case Freeze(), Aim() as aim:
                then, self._when_counted = self._when_counted, None
                if then is not None:
                    then(aim)
            case Act(verb=verb, aim=aim), Outcome() as outcome:
                self._remember(outcome)
                if not aim.is_selection:
                    done = set(outcome.done_ids)
                    self.view.table.unmark(key for key in self.view.table.marks if key in done)
                elif self.view.aims_at_all:
                    self.view.clear_marks()
                self._end(
                    outcome_sentence(action(verb).past, outcome),
                    is_partial=bool(outcome.missed_count or outcome.missed),
                )
            case Undo() as undo, Outcome() as outcome:
                self._report_undo(undo, outcome)
            case Purge(), Outcome() as outcome:
                self._end(f"{count(outcome.done)} removed for good")

    def _report_undo(self, undo: Undo, outcome: Outcome) -> None:
        sentence = outcome_sentence(_past(undo), outcome).replace(". z takes it back", "")
        rest = undo.count - outcome.done - outcome.missed_count
        others = tuple(one for one in self._own_operations if one.operation != undo.operation)
        if self.was_stopped and rest > 0:
            # It was stopped. What it did to the others is still to be taken back.
            self._own_operations = (*others, Undo(undo.operation, rest))
            self._end(f"{sentence}; {count(rest)} are left: z goes on", is_partial=True)
        else:
            self._own_operations = others
            self._end(sentence)

    @on(Failed)
    def _tell_failure(self, event: Failed) -> None:
        if isinstance(event.request, Act | Undo | Purge | Freeze):
            if isinstance(event.request, Undo):
                self._own_operations = self._own_operations[:-1]
            self._end(event.sentence, is_partial=True)

    def _remember(self, outcome: Outcome) -> None:
        if outcome.operation is not None:
            self._own_operations = (*self._own_operations, Undo(outcome.operation, outcome.done))

    def _end(self, sentence: str, *, is_partial: bool = False) -> None:
        self.progress = ""
        self.say(sentence, "warning" if is_partial else "information")
        self.show_lines()

    def _number_in(self, topic: str, state: State) -> int:
        snapshot = self.context.snapshot
        line = snapshot.line(topic) if snapshot else None
        if line is None:
            return 0
        stats = line.stats
        numbers = {
            State.READY: stats.ready,
            State.DELAYED: stats.delayed,
            State.DEAD: stats.dead,
            State.DONE: stats.done,
        }
        return numbers.get(state, stats.deleted)


def _past(request: Act | Undo | Purge) -> str:
    if isinstance(request, Undo):
        return "brought back"
    return action(request.verb).past if isinstance(request, Act) else "purged"
