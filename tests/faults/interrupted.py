"""Strikes calls by Ctrl-C, at each place where the interpreter looks for one; `test_interrupts` runs it.

A trace function sees every instruction of the process, so this runs in a process of its own:
`python -m tests.faults.interrupted FOLDER STRIDE CALL…` prints how often calls were struck.
"""

from __future__ import annotations

import contextlib
import ctypes
import dis
import functools
import gc
import itertools
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw

from smq_core import Queue, StoreBusy
from smq_core.clock import SystemClock
from smq_core.store.sqlite.connection.connection import Connection
from smq_core.store.sqlite.driver.connection_settings import Settings
from smq_core.store.sqlite.wal import checkpoints
from smq_core.store.sqlite.wal.wal_file import WalFile
from tests.faults.striking import Blow, struck_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

_INTERRUPT: Final = ctypes.PYFUNCTYPE(None, ctypes.py_object, ctypes.py_object, ctypes.py_object)(
    ("PyErr_SetInterrupt", ctypes.pythonapi)
)
"""A trace function that does as the key does: in C, as the interpreter would look for it in one of Python."""
_LOOKS: Final = ("CALL", "JUMP_BACKWARD")
"""Beginnings of the names of instructions at which the interpreter looks for a signal."""


class Interruption:
    """Presses Ctrl-C before the n-th instruction of our own code at which the interpreter looks for it."""

    def __init__(self, place: int) -> None:
        self.left = place
        self.is_struck = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Callable[..., object] | None:
        """Count instructions, as the function that the interpreter calls before each."""
        if "smq_core" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and frame.f_lasti in _before_a_look(frame.f_code):
            self.left -= 1
            if self.left == 0:
                # called before the next instruction
                return _INTERRUPT
        return self

    def raise_once(self, _signal: int, frame: FrameType | None) -> None:
        """Do as Python's own handler does, and trace no more."""
        self.is_struck = True
        sys.settrace(None)
        while frame is not None:
            frame.f_trace = None
            frame = frame.f_back
        raise KeyboardInterrupt

    def strike(self, work: Callable[[], object]) -> Blow:
        """Run a piece of work and interrupt it."""
        before = signal.signal(signal.SIGINT, self.raise_once)
        # what was left open elsewhere would be closed in the middle, and swallow the interrupt
        gc.disable()
        is_told = False
        # 3.12 traces instructions only if some frame had asked for that before tracing began
        sys._getframe().f_trace_opcodes = True
        try:
            sys.settrace(self)  # type: ignore[arg-type]  # what C takes is less strict
            work()
        except KeyboardInterrupt:
            is_told = True
        finally:
            sys.settrace(None)
            signal.signal(signal.SIGINT, before)
            gc.enable()
        return Blow(self.is_struck, is_told)


@functools.cache
def _before_a_look(code: CodeType) -> frozenset[int]:
    """Return the instructions that stand before one at which the interpreter looks for a signal."""
    instructions = list(dis.get_instructions(code))
    return frozenset(
        one.offset
        for one, following in itertools.pairwise(instructions)
        if following.opname.startswith(_LOOKS)
    )


def strike(place: int, work: Callable[[], object]) -> Blow:
    """Interrupt a piece of work at a place."""
    return Interruption(place).strike(work)


def while_it_waits_for_the_turn(folder: Path, stride: int) -> Iterator[int]:
    """Interrupt a wait in vain for the turn: no place in the queue for it is left behind."""
    location = folder / "queue.sqlite3"
    with Queue(location, timeout=0.02) as waiting, Queue(location) as holding:
        waiting.enqueue("mail", "hello")
        place, is_struck = 1, True
        while is_struck:
            with held_by_another_thread(holding):
                is_struck = strike(place, lambda: _in_vain(waiting)).is_struck
            holding.enqueue("mail", "hello")
            waiting.enqueue("mail", "hello")
            if is_struck:
                yield place
            place += stride


@contextlib.contextmanager
def held_by_another_thread(queue: Queue) -> Iterator[None]:
    """Hold the write lock in a transaction of another thread: one's own is not waited for."""
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with queue.transaction():
            held.set()
            go.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        yield
    finally:
        go.set()
        holder.join()


def while_a_checkpoint_waits_for_the_turn(folder: Path, stride: int) -> Iterator[int]:
    """Interrupt a checkpoint that wants the turn: a reader keeps it from copying all of the -wal back."""
    checkpoints.RESTART_PAGES, checkpoints._PATIENCE_S = 1, 0.02  # type: ignore[misc]  # soon, not for long
    location = str(folder / "queue.sqlite3")
    with Queue(location, timeout=0.2) as writing:
        writing.enqueue("mail", "hello")
        settings = Settings(location, read_only=False, timeout_s=0.2, monotonic=SystemClock().monotonic)
        connection, reader = Connection(settings), apsw.Connection(location)
        reader.execute("BEGIN; SELECT count(*) FROM smq_messages").fetchall()
        writing.enqueue("mail", "hello")
        place, is_struck = 1, True
        while is_struck:
            with writing.transaction():
                is_struck = strike(place, connection.checkpoint).is_struck
            writing.enqueue("mail", "hello")
            if is_struck:
                yield place
            place += stride
        reader.close()
        connection.close()


def while_the_wal_is_opened(folder: Path, stride: int) -> Iterator[int]:
    """Interrupt the opening and the closing of the store's own descriptor."""
    location = str(folder / "queue.sqlite3")
    files: list[WalFile] = []

    def open_and_close() -> None:
        files.append(WalFile(location))
        files[-1].close()

    with Queue(location) as queue:
        queue.enqueue("mail", "hello")
        place = 1
        while strike(place, open_and_close).is_struck:
            yield place
            place += stride
    for file in files:
        file.close()


def _in_vain(queue: Queue) -> None:
    try:
        queue.enqueue("mail", "hello")
    except StoreBusy:
        return
    raise AssertionError("it did not wait")


WAITS: Final = {"turn": while_it_waits_for_the_turn, "checkpoint": while_a_checkpoint_waits_for_the_turn}
ALONE: Final = {**WAITS, "wal": while_the_wal_is_opened}


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        # of the folder that is read here
        return ""


def main() -> None:
    """Strike the calls that are named at every place, or every few."""
    folder, stride, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    struck = 0
    for name in names:
        if name in ALONE:
            places = ALONE[name](folder, stride)
        else:
            places = struck_places(name, folder, strike, first=1, stride=stride)
        reached = sum(1 for _ in places)
        assert reached, f"{name} was never struck"
        struck += reached
    gc.collect()
    open_files = [_target(link) for link in Path("/proc/self/fd").iterdir()]
    assert not [one for one in open_files if "queue.sqlite3" in one], "an interrupt left a descriptor open"
    print(struck)  # noqa: T201 - for the test


if __name__ == "__main__":
    main()
