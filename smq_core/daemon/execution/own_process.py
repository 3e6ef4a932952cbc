"""The worker process as its own threads see it: what they need of it, kept safe from what handlers do.

Handlers may close its descriptors, fork it, replace its streams, its folder and its signals. What can be put
right is; a process that cannot do its work any more ends and says so.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Final, NoReturn

from smq_core.daemon.containment.process_exit import ExitOnError, ExitOnUnexpectedError
from smq_core.daemon.containment.resource_limits import ResourceLimits
from smq_core.daemon.execution.event_loop import EventLoop

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.daemon.containment.descriptors import Descriptors
    from smq_core.daemon.containment.forked_copies import ForkedCopies
    from smq_core.daemon.containment.handler_output import HandlerOutput
    from smq_core.daemon.containment.inherited import InheritedState
    from smq_core.daemon.containment.process_exit import ExitProcess

__all__ = ["OwnProcess", "leave_signals_to_supervisor"]

_SUPERVISORS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class OwnProcess:
    """What the threads of a worker process share."""

    def __init__(
        self,
        *,
        copies: ForkedCopies,
        descriptors: Descriptors,
        output: HandlerOutput,
        inherited: InheritedState,
        give_up: ExitProcess,
        supervisor: int,
    ) -> None:
        """Look after what is given; `supervisor` is the pid of the process that started this one."""
        self._supervisor = supervisor
        self.copies = copies
        self.descriptors = descriptors
        self.output = output
        self.inherited = inherited
        self._before_end: Callable[[], None] = lambda: None
        self._end = give_up
        self._is_ending = False
        self._limits = ResourceLimits()
        self.loop = EventLoop(copies, descriptors, output, self.give_up)

    def before_end(self, action: Callable[[], None]) -> None:
        """Do this first where the process gives up: whoever ended by then is not charged."""
        self._before_end = action

    def give_up(self, why: str, error: BaseException | None = None) -> NoReturn:
        """Explain why, and end."""
        if not self._is_ending and not self.copies.is_copy:
            self._is_ending = True
            # whatever comes of it, the process ends
            with contextlib.suppress(Exception):
                self._before_end()
        self._end(why, error)

    def vital(self, why: str) -> ExitOnError:
        """Return what stands around a loop of this process's own: an error in it ends the process."""
        return ExitOnError(self.give_up, why)

    def has_supervisor(self) -> bool:
        """Return whether the supervisor lives."""
        return os.getppid() == self._supervisor

    def note_limits(self) -> None:
        """Take what the system allows this process now for what it needs."""
        self._limits = ResourceLimits()

    def able_to(self, what: str, *expected: type[Exception]) -> ExitOnUnexpectedError:
        """Return what stands around work of this process's own on behalf of a handler.

        Where it fails in another way than expected, by an OSError too, handlers left too little to work with,
        and the process ends.
        """
        if not self._limits.are_back():
            self.give_up("a handler lowered the limits of the process")
        return ExitOnUnexpectedError(self.give_up, what, (*expected, OSError))

    def check(self) -> None:
        """Give up if a descriptor is lost that the process cannot do without."""
        if (lost := self.descriptors.lost()) is not None:
            self.give_up(f"{lost} was closed or replaced, perhaps by a handler")


def leave_signals_to_supervisor() -> list[str]:
    """Let signals do what they have to do in a worker process; return the names of those that did not.

    Modules of handlers may set others when they are imported, and then commands lose their exit status, or a
    signal to all processes of the daemon ends messages that have their time yet.
    """
    changed = [number.name for number in _SUPERVISORS if signal.getsignal(number) is not _do_nothing]
    for number in _SUPERVISORS:
        # a handler that does nothing instead of SIG_IGN: commands would inherit the latter
        signal.signal(number, _do_nothing)
    if signal.getsignal(signal.SIGCHLD) is not signal.SIG_DFL:
        changed.append("SIGCHLD")
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return changed


def _do_nothing(*_: object) -> None:
    return
