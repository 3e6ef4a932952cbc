"""The threads that run alongside the loop: one that ends by an error is told of and started again.

It knows nothing of what they do.
"""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Final, Protocol

from smq_core.errors import SmqError
from smq_core.safe_text import cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from smq_core.clock import Clock
    from smq_core.daemon.log import Journal

__all__ = [
    "FIRST_WAIT_S",
    "LONGEST_WAIT_S",
    "PROVEN_S",
    "Service",
    "SupervisedThread",
    "Threads",
    "report_ended",
]

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
"""How long after its end a thread is started again, doubling from the first to the longest."""
PROVEN_S: Final = 10.0
"""How long it has to run before it counts as well again."""
_SHOWN: Final = 120
"""Characters of an error in the daemon's row."""


class Service(Protocol):
    """What runs in its own thread."""

    @property
    def name(self) -> str:
        """What it is called in the log."""
        ...

    def run(self) -> None:
        """Work until told to end. After an exception it is called again: it leaves nothing half-done."""
        ...

    def stop(self) -> None:
        """Ask it to end; any thread may, also while it does not run. It returns immediately."""
        ...


class SupervisedThread:
    """Runs one service, again and again until it is stopped."""

    def __init__(self, service: Service, clock: Clock, journal: Journal) -> None:
        """Prepare; nothing runs yet."""
        self.name = service.name
        self._service = service
        self._clock = clock
        self._journal = journal
        self._stopping = threading.Event()
        self._error = ""
        self._running_since: float | None = None
        self._wait_s = FIRST_WAIT_S
        self._thread = threading.Thread(target=self._run, name=service.name, daemon=True)

    def start(self) -> None:
        """Begin.

        Raises:
            SmqError: when the system starts no thread.
        """
        try:
            self._thread.start()
        except RuntimeError as error:
            raise SmqError(f"cannot start the thread {self.name}: {error}; see ulimit -u") from error

    def stop(self) -> None:
        """Ask the service to end, and wait until it has."""
        self._stopping.set()
        self._service.stop()
        if self._thread.ident is not None:
            self._thread.join()

    def condition(self) -> str:
        """Return what is wrong with it; empty: nothing, or nothing any more."""
        since = self._running_since
        if self._error and since is not None and self._clock.monotonic() - since >= PROVEN_S:
            self._error = ""
            self._wait_s = FIRST_WAIT_S
            self._journal.end("thread_failed", f"{self.name} works again", of=self.name, thread=self.name)
        return f"{self.name} is failing: {self._error}" if self._error else ""

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._running_since = self._clock.monotonic()
            try:
                self._service.run()
                self._fail("it ended unexpectedly", "")
            except BaseException as error:  # noqa: BLE001 - a thread that ended unseen would leave its work undone for ever: it is told of, and begins again
                self._fail(traceback.format_exception_only(error)[-1].strip(), traceback.format_exc())
            self._running_since = None
            if self._stopping.wait(self._wait_s):
                return
            self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)

    def _fail(self, error: str, trace: str) -> None:
        if self._stopping.is_set():
            return
        self.condition()  # a failure after a long time of good work is a new one
        self._error = cell(error, _SHOWN)
        self._journal.begin(
            "thread_failed",
            f"the thread {self.name} ended with an error and is being restarted: {error}\n{trace}".rstrip(),
            level="error",
            of=self.name,
            thread=self.name,
        )


class Threads:
    """The supervised threads of a daemon."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        """Begin with none."""
        self._clock = clock
        self._journal = journal
        self._threads: list[SupervisedThread] = []

    def add(self, service: Service) -> None:
        """Let a service run in its own thread once all are started."""
        self._threads.append(SupervisedThread(service, self._clock, self._journal))

    def start(self) -> None:
        """Start all."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop all, the last started first."""
        for thread in reversed(self._threads):
            thread.stop()

    def conditions(self) -> dict[str, str]:
        """Return what is wrong with each, by name; empty: nothing."""
        return {thread.name: thread.condition() for thread in self._threads}


def report_ended(journal: Journal) -> Callable[[threading.ExceptHookArgs], None]:
    """Return a hook that writes into the log which other thread ended by an exception, and by which."""

    def report(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else "unknown"
        lines = traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback)
        journal.error("thread_ended", f"the thread {name} ended with an error: {''.join(lines)}", thread=name)

    return report
