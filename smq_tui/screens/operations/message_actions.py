"""What UPPERCASE keys do to messages: ask by blast radius, act, and report truthfully."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from smq_tui.keys.actions import Danger, action
from smq_tui.requests import Act
from smq_tui.screens.operations.confirmation import confirm
from smq_tui.screens.prompts import nothing_sentence, outcome_sentence, question
from smq_tui.screens.undo_stack import undo_entry_of_act

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.requests import ActionTarget, Verb
    from smq_tui.screens.host import Host
    from smq_tui.screens.operations.long_action import LongAction
    from smq_tui.screens.operations.targeting import Targeting
    from smq_tui.screens.operations.undo import UndoHistory
    from smq_tui.values import Outcome

__all__ = ["MessageActions"]


class MessageActions:
    """Requeue, delete and bury."""

    def __init__(
        self, host: Host, targeting: Targeting, history: UndoHistory, long_action: LongAction
    ) -> None:
        self._host = host
        self._targeting = targeting
        self._history = history
        self._long_action = long_action
        self.actions: Mapping[str, Callable[[], object]] = {
            "requeue": lambda: self.act("requeue"),
            "delete": lambda: self.act("delete"),
            "bury": lambda: self.act("bury"),
        }

    def act(self, verb: Verb) -> None:
        """Requeue, delete or bury what is marked, or the cursor's row."""
        self._targeting.fix(verb, partial(self._ask_before, verb))

    def _ask_before(self, verb: Verb, target: ActionTarget) -> None:
        if not target.count:
            self._host.say(nothing_sentence(verb, target), "warning")
            return
        what = question(verb, target, self._host.context.now)
        if what.danger is Danger.NONE:
            self._carry_out(Act(verb, target))
        else:
            confirm(
                self._host, what, lambda confirmed: self._carry_out(Act(verb, target, confirmed.is_forced))
            )

    def _carry_out(self, act: Act) -> None:
        number = act.target.number(is_forced=act.is_forced)
        self._long_action.run(act, number, partial(self._report, act), self._history.announce_failure)

    def _report(self, act: Act, outcome: Outcome) -> None:
        host = self._host
        view = host.view
        if not act.target.is_selection:
            done = set(outcome.done_ids)
            view.table.unmark(key for key in view.table.marks if key in done)
        elif view.aims_at_all:
            view.clear_marks()
        entry = undo_entry_of_act(act, outcome, host.session.actor, host.context.now)
        is_undoable = entry is not None and entry.undo is not None
        self._history.announce(
            outcome_sentence(action(act.verb).past, outcome, is_undoable=is_undoable),
            entry,
            is_partial=bool(outcome.missed_count or outcome.missed),
        )
