"""Asks before something is done that has consequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_tui.dialogs.confirm import Confirm, Confirmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_tui.dialogs.confirm import Question
    from smq_tui.screens.host import Host

__all__ = ["confirm"]


def confirm(host: Host, question: Question, then: Callable[[Confirmed], None]) -> None:
    """Ask, and continue when the answer is yes."""

    def take(confirmed: Confirmed | None) -> None:
        if confirmed is None:
            host.say("nothing was done")
        else:
            then(confirmed)

    host.open(Confirm(question), take)
