"""What runs for long at the moment: how far it is, and whether it was told to stop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from smq_core.format import count, counted
from smq_tui.keys.actions import action
from smq_tui.requests import Act, UndoOperation
from smq_tui.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_tui.requests import Purge
    from smq_tui.screens.host import Host

__all__ = ["LongAction"]

_REPORT_FROM: Final = 500
"""From this number of messages on, progress is shown while it runs."""


class LongAction:
    """The progress that the notice line shows."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.notice = ""
        """How far it is; empty while nothing runs for long."""
        self.was_stopped = False
        """True when it was told to stop before its end."""

    def run(
        self,
        request: Act | UndoOperation | Purge,
        number: int,
        then: Callable[[Outcome], None],
        failed: Callable[[str], None],
    ) -> None:
        """Ask for what may take long on many messages, and continue with what came of it."""
        self.was_stopped = False
        if number >= _REPORT_FROM:
            self._show(f"{_name(request)} of {counted(number, 'message')}…")
        self._host.ask(
            request, Outcome, then, failed=failed, progressed=partial(self._show_done, _past(request))
        )

    def show_found(self, number: int, _total: int | None = None) -> None:
        """Show how many messages a search has found."""
        if number >= _REPORT_FROM:
            self._show(f"searching: {count(number)} found")

    def stop(self) -> None:
        """Take note that it was told to stop."""
        self.was_stopped = True

    def end(self) -> None:
        """Show no progress any more."""
        self.notice = ""

    def _show_done(self, past: str, done: int, total: int | None) -> None:
        if done >= _REPORT_FROM:
            of = f" of {count(total)}" if total else ""
            self._show(f"{count(done)}{of} {past}")

    def _show(self, progress: str) -> None:
        self.notice = f"{progress} (Esc stops)"
        self._host.show_lines()


def _name(request: Act | UndoOperation | Purge) -> str:
    if isinstance(request, Act):
        return request.verb
    return "undo" if isinstance(request, UndoOperation) else "purge"


def _past(request: Act | UndoOperation | Purge) -> str:
    if isinstance(request, Act):
        return action(request.verb).past
    return "restored" if isinstance(request, UndoOperation) else "purged"
