"""What UPPERCASE keys do to topics: pause, resume, purge."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from smq_core.format import parse_duration
from smq_core.safe_text import cell
from smq_tui.dialogs.fields import Field, Fields
from smq_tui.figures.diagnosis import lacks_worker
from smq_tui.requests import Freeze, Pause, Purge, Resume
from smq_tui.screens.host import ignore
from smq_tui.screens.operations.confirmation import confirm
from smq_tui.screens.prompts import outcome_sentence, purge_question, resume_question
from smq_tui.screens.undo_stack import UndoEntry, undo_entry_of_setting, what_of
from smq_tui.screens.views.messages_view import MessagesView
from smq_tui.text.filters import Query
from smq_tui.values import Outcome, Selection, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.dialogs.form_dialog import FormDialog
    from smq_tui.requests import ActionTarget
    from smq_tui.screens.host import Host
    from smq_tui.screens.operations.long_action import LongAction
    from smq_tui.screens.operations.targeting import Targeting
    from smq_tui.screens.operations.undo import UndoHistory
    from smq_tui.values import TopicStats

__all__ = ["TopicActions"]


class TopicActions:
    """Pause, resume and purge."""

    def __init__(
        self, host: Host, targeting: Targeting, history: UndoHistory, long_action: LongAction
    ) -> None:
        self._host = host
        self._targeting = targeting
        self._history = history
        self._long_action = long_action
        self.actions: Mapping[str, Callable[[], object]] = {"pause": self.pause, "purge": self.purge}

    def pause(self) -> None:
        """Stop the leasing of a topic, or resume it."""
        view = self._host.view
        topics = view.topics_meant()
        reason = view.why_not("pause")
        if reason is not None or len(topics) != 1:
            self._host.say(reason or "choose one topic to pause (press 1 to list them)", "warning")
            return
        topic = topics[0]
        snapshot = self._host.context.snapshot
        line = snapshot.line(topic) if snapshot else None
        if line is not None and line.stats.paused:
            self._ask_before_resume(line.stats)
        else:
            self._ask_for_reason(topic)

    def purge(self) -> None:
        """Remove for good what a topic has in the state that is shown."""
        view = self._host.view
        reason = view.why_not("purge")
        if reason is not None or not isinstance(view, MessagesView):
            self._host.say(reason or "to purge messages, go to screen 2", "warning")
            return
        topic, state = view.filtered_by.topic, view.state
        shown = view.filtered_by
        is_filtered = shown != Query(text=shown.text, topic=topic, state=shown.state)
        if topic is None or state is None or state is State.PROCESSING or is_filtered:
            self._host.say(
                "a purge applies to one topic and one state, without a filter: choose both (1, Enter, ])",
                "warning",
            )
            return
        what = f"{state.word} messages of {cell(topic, 40)}"
        self._targeting.count(
            Freeze(Selection(topic=topic, state=state), what, "purge"),
            partial(self._ask_before_purge, topic, state),
        )

    def _ask_for_reason(self, topic: str) -> None:
        fields = (
            Field("reason", "Reason (shown to others)", "", "deploy, provider is down …"),
            Field("until", "For how long", "", "until resumed; or 10m, 2h"),
        )

        def save(form: FormDialog[Mapping[str, str]], values: Mapping[str, str]) -> None:
            until = values["until"].strip()
            self._pause(Pause(topic, values["reason"], parse_duration(until) if until else None), form)

        title = f"Pause {cell(topic, 60)}: no new leases; running messages continue"
        form = Fields(
            title,
            fields,
            "Pause (Enter)",
            save=save,
            untyped="nothing was typed: press Ctrl+S to pause without a reason, until resumed",
            check=_check_duration,
        )
        self._host.open(form, ignore)

    def _ask_before_resume(self, stats: TopicStats) -> None:
        """Resume a topic; one that somebody else paused, or for a reason, after a question."""
        actor = self._host.session.actor
        if stats.pause_reason or stats.paused_by != actor:
            what = resume_question(stats, actor, self._host.context.now)
            confirm(self._host, what, lambda _: self._resume(stats.topic))
        else:
            self._resume(stats.topic)

    def _ask_before_purge(self, topic: str, state: State, target: ActionTarget) -> None:
        if target.count:
            confirm(self._host, purge_question(target, topic, state), lambda _: self._purge(target))
        else:
            self._host.say(f"{cell(topic, 40)} has no {state.word} messages", "warning")

    def _pause(self, request: Pause, form: FormDialog[Mapping[str, str]]) -> None:
        def report(outcome: Outcome) -> None:
            sentence = f"{cell(request.topic, 60)} is paused. P resumes it"
            form.close()
            self._history.announce(sentence, self._undo_entry("pause", request.topic, outcome))

        self._host.ask(request, Outcome, report, failed=partial(self._history.return_to, form))

    def _resume(self, topic: str) -> None:
        def report(outcome: Outcome) -> None:
            sentence = f"{cell(topic, 60)} resumed{self._untaken(topic)}"
            self._history.announce(sentence, self._undo_entry("resume", topic, outcome))

        self._host.ask(Resume(topic), Outcome, report, failed=self._history.announce_failure)

    def _purge(self, target: ActionTarget) -> None:
        def report(outcome: Outcome) -> None:
            what = what_of("purge", outcome.done, target.topics[0])
            by, at = self._host.session.actor, self._host.context.now
            self._history.announce(
                outcome_sentence("permanently deleted", outcome, is_undoable=False),
                UndoEntry(what=what, by=by, at=at, why_not="a purge is permanent") if outcome.done else None,
                is_partial=bool(outcome.missed_count),
            )

        self._long_action.run(Purge(target), target.count, report, self._history.announce_failure)

    def _undo_entry(self, verb: str, topic: str, outcome: Outcome) -> UndoEntry | None:
        return undo_entry_of_setting(verb, topic, outcome, self._host.session.actor, self._host.context.now)

    def _untaken(self, topic: str) -> str:
        context = self._host.context
        line = context.snapshot.line(topic) if context.snapshot else None
        is_untaken = line is not None and lacks_worker(line.stats, tuple(context.workers.values()))
        return "; no daemon serves it yet" if is_untaken else ""


def _check_duration(values: Mapping[str, str]) -> str | None:
    try:
        if values["until"].strip():
            parse_duration(values["until"])
    except ValueError as error:
        return str(error)
    return None
