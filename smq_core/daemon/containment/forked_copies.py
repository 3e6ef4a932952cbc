"""What a handler forks off: a copy of the worker process, which is none.

It does not speak to the supervisor, has the signals of any program, and its end shows how the handler ended
in it: 0, the code of `sys.exit`, or 1 with the traceback.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
from os import _exit
from os import close as _close
from typing import TYPE_CHECKING, Final, NoReturn, Self

from smq_core.daemon.containment.tracebacks import handlers_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["ForkedCopies", "take_default_signals"]

_LEFT_TO_SUPERVISOR: Final = (signal.SIGTERM, signal.SIGHUP)


class ForkedCopies:
    """Knows whether this process is a copy, and ends one.

    As a context manager it stands around a handler's run: in a copy, leaving it is the end.
    """

    def __init__(self) -> None:
        """Begin in the worker process itself."""
        self.is_copy = False
        self._no_fork = threading.RLock()
        self._our_ends: set[int] = set()
        self._after_fork: list[Callable[[], None]] = []
        self._streams: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        """Run a handler."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End a copy as the handler ended in it."""
        if self.is_copy:
            self.end(error)

    def watch(self) -> None:
        """Notice from now on when this process is forked."""
        os.register_at_fork(
            before=self._no_fork.acquire,
            after_in_parent=self._no_fork.release,
            after_in_child=self._become_copy,
        )

    @contextlib.contextmanager
    def kept_from(self) -> Iterator[set[int]]:
        """Let nobody fork meanwhile; each copy closes the descriptors in the set that is returned.

        A copy with the writing end of a pipe would keep its reader from ever coming to the end.
        """
        with self._no_fork:
            yield self._our_ends

    def after_fork(self, action: Callable[[], None]) -> None:
        """Do something in each copy, first of all."""
        self._after_fork.append(action)

    def at_end(self, action: Callable[[], None]) -> None:
        """Do something when a copy ends."""
        self._streams.append(action)

    def end(self, error: BaseException | None) -> NoReturn:
        """End a copy, as Python ends a program whose main function did so."""
        code = 1
        try:
            code = _exit_code(error)
            for thread in threading.enumerate():
                if thread is not threading.current_thread() and not thread.daemon:
                    thread.join()
        finally:
            for action in self._streams:
                with contextlib.suppress(Exception):
                    action()
            if isinstance(error, KeyboardInterrupt):
                _end_by(signal.SIGINT)
            _exit(code)

    def _become_copy(self) -> None:
        self.is_copy = True
        self._no_fork.release()
        for descriptor in self._our_ends:
            with contextlib.suppress(OSError):
                _close(descriptor)
        for action in self._after_fork:
            action()
        take_default_signals()


def take_default_signals() -> None:
    """Let signals do in this process what they do in any program of Python's."""
    for number in _LEFT_TO_SUPERVISOR:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    faulthandler.unregister(signal.SIGQUIT)


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        if isinstance(error.code, int):
            return error.code & 0xFF
        if sys.stderr is not None:
            sys.stderr.write(f"{error.code}\n")
        return 1
    shown = error.with_traceback(handlers_part(error.__traceback__))
    sys.excepthook(type(shown), shown, shown.__traceback__)
    return 1


def _end_by(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
