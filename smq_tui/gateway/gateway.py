"""Takes requests on the thread of the screen, carries them out on others.

Posts each answer to the component that asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core import Inspector, SmqError
from smq_tui.gateway import changes, reads
from smq_tui.gateway.lane import Lane
from smq_tui.gateway.poller import Poller
from smq_tui.messages import Answered, Progressed, RequestFailed
from smq_tui.requests import (
    Act,
    ActivityOf,
    Add,
    CommandWorker,
    DetailOf,
    EditMessage,
    ErrorKindsOf,
    Export,
    Freeze,
    Import,
    LeasesOf,
    OrderOf,
    Pause,
    PreviewImport,
    Purge,
    Resume,
    RowsOf,
    SamplesOf,
    UndoOperation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from textual.message_pump import MessagePump

    from smq_core import Clock, Location
    from smq_tui.gateway.lane import Job
    from smq_tui.gateway.progress import Progress
    from smq_tui.messages import Refreshed, Reply
    from smq_tui.requests import Request

__all__ = ["Gateway"]

_CHANGES: Final = (Act, UndoOperation, Pause, Resume, Purge, EditMessage, Add, CommandWorker, Import)
_SLOW_READS: Final = (OrderOf, ErrorKindsOf, Freeze, PreviewImport, Export)
_CLOSE_S: Final = 2.0
"""How long it waits at the end for what runs."""
_READ_PATIENCE_S: Final = 2.0
_CHANGE_PATIENCE_S: Final = 5.0


class Gateway:
    """The dashboard's side of one database."""

    def __init__(self, location: Location, clock: Clock, *, read_only: bool = False) -> None:
        self.location = location
        self.read_only = read_only
        self._clock = clock
        self._reader = Inspector(location, read_only=True, clock=clock, timeout=_READ_PATIENCE_S)
        self._operator = Inspector(location, read_only=read_only, clock=clock, timeout=_CHANGE_PATIENCE_S)
        self._quick = Lane("smq-read")
        self._slow = Lane("smq-search")
        self._changing = Lane("smq-change")
        self._poller: Poller | None = None

    def watch(self, post: Callable[[Refreshed], object]) -> None:
        """Begin to look, and post what is seen."""
        self._poller = Poller(self._reader, self._clock, post)
        self._poller.start()

    def pace(self, interval: float, *, is_paused: bool) -> None:
        """Look at this interval, in seconds, or not at all."""
        if self._poller is not None:
            self._poller.pace(interval, is_paused=is_paused)

    def look_now(self) -> None:
        """Look immediately."""
        if self._poller is not None:
            self._poller.look_now()

    def take(self, asker: MessagePump, request: Request, reply: Reply | None = None) -> None:
        """Carry a request out; of two reads of a kind by the same asker that both wait, only the later."""
        is_change = isinstance(request, _CHANGES)
        name: Hashable = (id(asker), object() if is_change else _kind(request))
        lane = (
            self._changing if is_change else self._slow if isinstance(request, _SLOW_READS) else self._quick
        )
        lane.submit(name, lambda job: self._carry_out(job, asker, request, reply))

    def withdraw(self, asker: MessagePump) -> None:
        """End what an asker waits for."""
        for lane in (self._quick, self._slow, self._changing):
            lane.withdraw(lambda name: isinstance(name, tuple) and name[0] == id(asker))

    def close(self) -> None:
        """End all threads and close the database."""
        if self._poller is not None:
            self._poller.close(_CLOSE_S)
        for lane in (self._quick, self._slow, self._changing):
            lane.close(_CLOSE_S)
        self._reader.close()
        self._operator.close()

    def _carry_out(self, job: Job, asker: MessagePump, request: Request, reply: Reply | None) -> None:
        def progress(done: int, total: int | None, detail: object) -> bool:
            asker.post_message(Progressed(request, done, total, detail, reply))
            return not job.is_unwanted

        begun = self._clock.monotonic()
        try:
            value = self._answer(request, progress)
        except (SmqError, OSError, ValueError) as error:
            asker.post_message(RequestFailed(request, str(error), reply))
        except Exception as error:  # noqa: BLE001 - a fault in one request must not end the thread of all others
            asker.post_message(RequestFailed(request, f"{type(error).__name__}: {error}", reply))
        else:
            asker.post_message(Answered(request, value, self._clock.monotonic() - begun, reply))

    def _answer(self, request: Request, progress: Progress) -> object:
        if isinstance(request, _CHANGES):
            value = self._changed(request, progress)
            self.look_now()
            return value
        if isinstance(request, _SLOW_READS):
            return self._searched(request, progress)
        return self._read(request)

    def _read(self, request: Request) -> object:
        reader = self._reader
        match request:
            case RowsOf():
                return reads.rows(reader, request)
            case DetailOf():
                return reads.detail(reader, request)
            case LeasesOf():
                return reads.leases(reader, request)
            case ActivityOf():
                return reader.activity(limit=request.limit)
            case SamplesOf():
                return reader.samples(request.step, request.since, request.topic)
        raise TypeError(f"no handler answers {request!r}")

    def _searched(self, request: Request, progress: Progress) -> object:
        reader = self._reader
        match request:
            case OrderOf():
                return reads.order(reader, request, progress)
            case ErrorKindsOf():
                return reader.error_kinds(request.topic)
            case Freeze():
                return reads.freeze(reader, request, progress)
            case PreviewImport():
                return reads.preview_import(reader, request, progress)
            case Export():
                return reads.export(reader, request, progress)
        raise TypeError(f"no handler answers {request!r}")

    def _changed(self, request: Request, progress: Progress) -> object:
        operator = self._operator
        match request:
            case Act():
                return changes.act(operator, request, progress)
            case EditMessage():
                return changes.edit(operator, request)
            case Add():
                return changes.add(self.location, self._clock, request, timeout=_CHANGE_PATIENCE_S)
            case Pause():
                return changes.pause(operator, self._clock, request)
            case Import():
                return changes.run_import(operator, request, progress)
        return self._governed(request, progress)

    def _governed(self, request: Request, progress: Progress) -> object:
        operator = self._operator
        match request:
            case UndoOperation():
                return changes.undo(operator, request, progress)
            case Resume():
                return operator.resume(request.topic)
            case Purge():
                return changes.purge(operator, request, progress)
            case CommandWorker():
                return operator.command_worker(request.id, request.command)
        raise TypeError(f"no handler carries out {request!r}")


def _kind(request: Request) -> Hashable:
    """Distinguish reads that do not take the place of each other."""
    match request:
        case DetailOf():
            return DetailOf, request.is_to_act
        case SamplesOf():
            return SamplesOf, request.purpose
    return (type(request),)
