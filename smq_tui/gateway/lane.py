"""A thread that does one job after another. Of two waiting jobs of the same name only the later is done."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Job", "Lane"]


class Job:
    """Something to do, and whether it is still wanted."""

    def __init__(self, name: Hashable, work: Callable[[Job], None]) -> None:
        self.name = name
        self.work = work
        self._unwanted = threading.Event()

    @property
    def is_unwanted(self) -> bool:
        """True when it is no longer waited for: long jobs look at this now and then."""
        return self._unwanted.is_set()

    def withdraw(self) -> None:
        """Report that it is not wanted any more."""
        self._unwanted.set()


class Lane:
    """A thread of its own for jobs, started by the first of them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._condition = threading.Condition()
        self._waiting: dict[Hashable, Job] = {}
        self._current: Job | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit(self, name: Hashable, work: Callable[[Job], None]) -> None:
        """Do this when what came before is done.

        A job of the same name that has not begun is dropped for it.
        """
        with self._condition:
            if self._is_closed:
                return
            self._waiting.pop(name, None)
            self._waiting[name] = Job(name, work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._condition.notify()

    def withdraw(self, is_meant: Callable[[Hashable], bool]) -> None:
        """Drop the jobs with such names, and ask the one that runs to end."""
        with self._condition:
            for name in [name for name in self._waiting if is_meant(name)]:
                del self._waiting[name]
            if self._current is not None and is_meant(self._current.name):
                self._current.withdraw()

    def close(self, timeout: float) -> None:
        """Drop what waits, ask the job that runs to end, and wait for it."""
        with self._condition:
            self._is_closed = True
            self._waiting.clear()
            if self._current is not None:
                self._current.withdraw()
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            job.work(job)

    def _next(self) -> Job | None:
        with self._condition:
            self._current = None
            self._condition.wait_for(lambda: self._waiting or self._is_closed)
            if self._is_closed:
                return None
            self._current = self._waiting.pop(next(iter(self._waiting)))
            return self._current
