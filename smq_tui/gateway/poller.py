"""The thread that looks at the database: at most once an interval, and only when the database was written.

It is woken by the engine's notice of a write: a quiet queue costs nothing, its first change is shown
immediately.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

from smq_core import Filter, Selection, SmqError, State
from smq_core.ended import ended_daemons
from smq_core.serving import is_forgotten, is_lost
from smq_tui.figures.snapshot import Reading
from smq_tui.gateway.file_identity import FileIdentity
from smq_tui.gateway.write_access import why_unwritable
from smq_tui.messages import Refreshed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smq_core import Clock, Inspector

__all__ = ["Poller", "read"]

_BACK_OFF_S: Final = (0.25, 0.5, 1.0, 2.0, 5.0)
"""How long it waits after each failure in a row."""
_HEARTBEATS_S: Final = 5.0
"""How often workers are read again even when nothing changes.

Their silence is what shows that they are gone.
"""
_WAIT_S: Final = 0.2
"""The longest it sleeps without a look at whether it should end."""
_FEW: Final = 1_000
"""So many leases are counted by reading them; of more each topic's are counted where they lie."""
_ALL: Final = 1_000_000_000


class Poller:
    """Looks, and posts what it saw."""

    def __init__(self, inspector: Inspector, clock: Clock, post: Callable[[Refreshed], object]) -> None:
        self._inspector = inspector
        self._clock = clock
        self._post = post
        self._interval = 1.0
        self._failures = 0
        self._file_identity = FileIdentity(inspector.location)
        self._wanted = threading.Event()
        self._end = threading.Event()
        self._is_paused = False
        self._thread = threading.Thread(target=self._run, name="smq-poll", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def pace(self, interval: float, *, is_paused: bool) -> None:
        """Look at this interval, in seconds, or not at all."""
        self._interval = interval
        self._is_paused = is_paused
        self.look_now()

    def look_now(self) -> None:
        """Look immediately."""
        self._wanted.set()

    def close(self, timeout: float) -> None:
        """End."""
        self._end.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        version: int | None = None
        looked_at = 0.0
        while not self._end.is_set():
            is_asked = self._wanted.is_set()
            self._wanted.clear()
            try:
                if self._file_identity.has_changed():
                    self._inspector.close()
                now_version = self._inspector.data_version()
                is_due = self._clock.monotonic() - looked_at >= _HEARTBEATS_S
                if is_asked or now_version != version or is_due:
                    self._post(
                        Refreshed(
                            read(self._inspector, self._clock), has_changed=is_asked or now_version != version
                        )
                    )
                    version, looked_at = now_version, self._clock.monotonic()
                self._failures = 0
            except SmqError as error:
                version = None
                self._failures += 1
                self._post(Refreshed(None, trouble=str(error)))
            self._rest(looked_at, version)

    def _rest(self, looked_at: float, version: int | None) -> None:
        """Sleep for the interval, and longer until the database is written."""
        if self._failures:
            self._wanted.wait(_BACK_OFF_S[min(self._failures, len(_BACK_OFF_S)) - 1])
            return
        self._wanted.wait(max(0.05, self._interval - (self._clock.monotonic() - looked_at)))
        while not self._wanted.is_set():
            if self._is_paused:
                self._wanted.wait()
            elif self._has_changed(version) or self._clock.monotonic() - looked_at >= _HEARTBEATS_S:
                return

    def _has_changed(self, version: int | None) -> bool:
        try:
            return self._inspector.wait(_WAIT_S, since=version)
        except SmqError:
            # The look that follows says what is wrong.
            return True


def read(inspector: Inspector, clock: Clock) -> Reading:
    """Take one look; its cost grows with what is leased, not with the number of messages."""
    topics = tuple(inspector.topics())
    at = clock.now_ms() / 1000
    workers = tuple(inspector.workers())
    processed = [stats.topic for stats in topics if stats.processing]
    expired: Counter[str] = Counter()
    left_behind: Counter[str] = Counter()
    held_by_lost: dict[str, int] = {}
    lost = [worker for worker in workers if is_lost(worker)]
    if processed:
        expired = _held(inspector, processed, Filter(only_expired=True))
        for worker in lost:
            held = _held(inspector, processed, Filter(worker=worker.id))
            late = _held(inspector, processed, Filter(worker=worker.id, only_expired=True))
            held_by_lost[worker.id] = held.total()
            left_behind += held - late
    return Reading(
        at=at,
        topics=topics,
        workers=tuple(one for one in workers if not is_forgotten(one, held_by_lost.get(one.id, 0))),
        expired=dict(expired),
        left_behind=dict(left_behind),
        held_by_lost=held_by_lost,
        ended=ended_daemons(inspector.location).intersection(worker.id for worker in lost)
        if left_behind
        else frozenset(),
        deaths=tuple(inspector.daemon_deaths()),
        why_unwritable=why_unwritable(inspector.location),
    )


def _held(inspector: Inspector, topics: Sequence[str], where: Filter) -> Counter[str]:
    """Count leases by topic."""
    held = inspector.browse(state=State.PROCESSING, where=where, limit=_FEW + 1, preview=0)
    if len(held) <= _FEW:
        return Counter(message.topic for message in held)
    each = (Selection(topic=topic, state=State.PROCESSING, where=where) for topic in topics)
    return +Counter({one.topic or "": inspector.count(one, limit=_ALL) for one in each})
