"""Fixes which messages an action is for, before anything is asked about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.keys.actions import action
from smq_tui.requests import ActionTarget, Freeze

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_tui.screens.host import Host
    from smq_tui.screens.operations.long_action import LongAction
    from smq_tui.screens.operations.undo import UndoHistory

__all__ = ["Targeting"]


class Targeting:
    """What is being fixed at the moment: of two that wait, the later."""

    def __init__(self, host: Host, history: UndoHistory, long_action: LongAction) -> None:
        self._host = host
        self._history = history
        self._long_action = long_action
        self._awaited: Freeze | None = None

    def fix(self, purpose: str, then: Callable[[ActionTarget], None]) -> None:
        """Fix what an action is for: what is marked, or the cursor's row; count first what matches only."""
        view = self._host.view
        reason = view.why_not(purpose)
        if reason is None and view.is_behind:
            if not view.will_be_read:
                self._host.say(f"cannot {action(purpose).label.lower()}: nothing can be read now", "warning")
                return
            self._host.say(f"{action(purpose).label.lower()}: counting the messages…")
            view.when_read(lambda: self.fix(purpose, then))
            return
        target = reason or view.target_of(purpose)
        if isinstance(target, str):
            self._host.say(target, "warning")
        elif isinstance(target, Freeze):
            self.count(target, then)
        else:
            then(target)

    def count(self, freeze: Freeze, then: Callable[[ActionTarget], None]) -> None:
        """Fix everything that matches, and continue with it."""
        self._awaited = freeze

        def take(target: ActionTarget) -> None:
            if self._awaited is freeze:
                self._awaited = None
                self._long_action.end()
                self._host.show_lines()
                then(target)

        def fail(sentence: str) -> None:
            if self._awaited is freeze:
                self._awaited = None
            self._history.announce_failure(sentence)

        self._host.ask(freeze, ActionTarget, take, failed=fail, progressed=self._long_action.show_found)
