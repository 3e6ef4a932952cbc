"""What UPPERCASE keys do to the chosen daemon: quiet, resume, stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smq_core.format import age
from smq_core.safe_text import cell
from smq_core.serving import is_lost
from smq_tui.figures.diagnosis import running_of
from smq_tui.requests import CommandWorker
from smq_tui.screens.operations.confirmation import confirm
from smq_tui.screens.prompts import stop_question
from smq_tui.screens.views.workers_view import WorkersView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smq_tui.screens.host import Host
    from smq_tui.screens.operations.undo import UndoHistory
    from smq_tui.values import WorkerInfo

__all__ = ["DaemonActions"]


class DaemonActions:
    """Quiet and stop."""

    def __init__(self, host: Host, history: UndoHistory) -> None:
        self._host = host
        self._history = history
        self.actions: Mapping[str, Callable[[], object]] = {
            "quiet_worker": self.quiet,
            "stop_worker": self.stop,
        }

    def quiet(self) -> None:
        """Let the chosen daemon take nothing new, or resume."""
        worker = self._chosen("quiet_worker")
        if worker is None:
            return
        if is_lost(worker):
            silent = age(self._host.context.now - worker.heartbeat_at)
            self._host.say(
                f"{cell(worker.id, 60)} has been lost for {silent}: it will not receive this command",
                "warning",
            )
        else:
            self._command(CommandWorker(worker.id, "resume" if worker.state == "quiet" else "quiet"))

    def stop(self) -> None:
        """Stop the chosen daemon, after a question."""
        worker = self._chosen("stop_worker")
        if worker is None:
            return
        context = self._host.context
        if is_lost(worker):
            silent = age(max(0.0, context.now - worker.heartbeat_at))
            gone = "has exited" if worker.id in context.ended else f"has been lost for {silent}"
            self._host.say(
                f"{cell(worker.id, 60)} {gone}: there is nothing to stop; press 3, then R, to requeue its "
                "messages",
                "warning",
            )
            return
        what = stop_question(worker.id, runs=len(running_of(worker)))
        confirm(self._host, what, lambda _: self._command(CommandWorker(worker.id, "stop")))

    def _chosen(self, action: str) -> WorkerInfo | None:
        """Return the cursor's daemon, or explain why there is none to act on."""
        view = self._host.view
        worker = view.worker if isinstance(view, WorkersView) else None
        if worker is None:
            self._host.say(view.why_not(action) or "choose a daemon that is running", "warning")
        return worker

    def _command(self, request: CommandWorker) -> None:
        def report(is_known: bool) -> None:  # noqa: FBT001 - the gateway's answer
            worker = cell(request.id, 60)
            sentence = f"{worker} will receive “{request.command}” at its next heartbeat"
            self._history.announce(sentence if is_known else f"{worker} has exited", is_partial=not is_known)

        self._host.ask(request, bool, report, failed=self._history.announce_failure)
