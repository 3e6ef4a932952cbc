"""Strikes a call of the core at one place after the other, and checks what it leaves each time.

The call happened wholly or not at all, no lock and no turn is held, counters equal counts, and the next call
works.
"""

from __future__ import annotations

import shutil
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import apsw

from smq_core import Queue
from smq_core.store.sqlite.admin.checks import wrong_counters
from smq_core.store.sqlite.connection import connection_pool
from tests.faults.core_calls import CALLS, PATIENCE_S, Call, Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from _typeshed import TraceFunction

    Strike = Callable[[int, Callable[[], object]], "Blow"]

Tables = dict[str, list[tuple[object, ...]]]
_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'smq\\_%' ESCAPE '\\' ORDER BY name"
)


class Blow(NamedTuple):
    """What became of one strike."""

    is_struck: bool
    """The fault happened; else the call ended before its place."""
    is_told: bool
    """The caller got an exception."""
    is_untidy: bool = False
    """A file that was begun may lie there, as its removal failed too."""


@dataclass(frozen=True)
class Prepared:
    """A queue as it is before the call, and what the call may leave of it."""

    template: Path
    now_ms: int
    stages: list[Tables]
    """What stands in the tables before the call and after each of its commits."""


def struck_places(name: str, folder: Path, strike: Strike, *, first: int, stride: int) -> Iterator[int]:
    """Strike a call at a place, the place a stride on and so on until its end; yields the places."""
    call, desk, place = CALLS[name], Desk(folder), first
    try:
        prepared = _prepare(call, desk)
        while _strike_at(place, call, desk, prepared, strike):
            yield place
            place += stride
    except AssertionError as error:
        error.add_note(f"{name}, struck at {place}")
        raise
    finally:
        desk.close()


def _prepare(call: Call, desk: Desk) -> Prepared:
    """Prepare a queue, keep a copy of it, and see what an undisturbed call makes of it."""
    desk.clear()
    call.prepare(desk)
    desk.close()
    now_ms = desk.clock.now_ms()
    template = desk.folder.with_name("template.sqlite3")
    shutil.copyfile(desk.location, template)
    desk.renew(template, now_ms, is_warm=call.is_warm)
    return Prepared(template, now_ms, _stages(call, desk))


def _stages(call: Call, desk: Desk) -> list[Tables]:
    if call.is_warm:
        with _Stages(desk.location) as stages:
            call.run(desk)
        return stages.seen
    # a connection that looks on would be taken for another library's
    before = _tables(desk.location)
    call.run(desk)
    return [before, _tables(desk.location)]


def _strike_at(place: int, call: Call, desk: Desk, prepared: Prepared, strike: Strike) -> bool:
    desk.renew(prepared.template, prepared.now_ms, is_warm=call.is_warm)
    blow = strike(place, lambda: call.run(desk))
    if not blow.is_struck:
        return False
    left = _tables(desk.location)
    assert left in (prepared.stages if blow.is_told else prepared.stages[-1:]), "half-done"
    assert blow.is_untidy or not list(desk.folder.glob("*.part")), "a part is left"
    _assert_all_is_free(desk)
    if call.may_be_repeated:
        call.run(desk)
        assert _tables(desk.location) == prepared.stages[-1], "not the same when repeated"
    _assert_the_next_call_works(desk)
    return True


def _assert_all_is_free(desk: Desk) -> None:
    """Let another thread look, which could not take what this one holds."""
    held: list[object] = []

    def look() -> None:
        locks = [connection_pool._OPENING, *(connection.lock for connection in list(connection_pool._OPEN))]
        for lock in locks:
            if lock.acquire(blocking=False):
                lock.release()
            else:
                held.append(lock)

    looking = threading.Thread(target=look)
    looking.start()
    looking.join()
    assert held == [], f"held: {held}"
    assert not any(connection.is_in_transaction for connection in list(connection_pool._OPEN)), (
        "in transaction"
    )
    with closing(apsw.Connection(str(desk.location))) as other:
        assert wrong_counters(other) == []


def _assert_the_next_call_works(desk: Desk) -> None:
    with Queue(desk.location, timeout=PATIENCE_S, durability="normal") as other:
        before = other.size("next")
        other.enqueue("next", "hello")
        desk.queue.enqueue("next", "hello")
        desk.inspector.pause("next")
        assert other.size("next") == before + 2


def _tables(location: Path) -> Tables:
    with closing(apsw.Connection(str(location))) as db:
        return _read(db)


def _read(db: apsw.Connection) -> Tables:
    names = [name for (name,) in db.execute(_TABLES)]
    return {name: list(db.execute(f"SELECT * FROM {name}")) for name in names}  # noqa: S608 - our own names


class _Stages:
    """Looks after each line of our code whether something was committed, and keeps what stands there then."""

    def __init__(self, location: Path) -> None:
        self._location = str(location)
        self.seen: list[Tables] = []

    def __enter__(self) -> Self:
        self._db = apsw.Connection(self._location)
        self._look()
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)
        self._look()
        self._db.close()

    def _trace(self, frame: FrameType, _event: str, _argument: object) -> TraceFunction | None:
        if "smq_core" not in frame.f_code.co_filename:
            return None
        if self._db.execute("PRAGMA data_version").get != self._version:
            self._look()
        return self._trace

    def _look(self) -> None:
        self._version = self._db.execute("PRAGMA data_version").get
        found = _read(self._db)
        if found not in self.seen[-1:]:
            self.seen.append(found)
