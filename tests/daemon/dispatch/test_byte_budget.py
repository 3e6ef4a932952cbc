"""A worker process has a bounded number of bytes, in frames that are bounded too; one message always fits."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, cast

import pytest

from smq_core import Inspector
from smq_core.daemon.dispatch.distribution import Distribution
from smq_core.daemon.liveness.workers_file_layout import SlotRange
from smq_core.daemon.processes.byte_budget import (
    ALL_BYTES,
    FRAME_BYTES,
    LARGEST_MESSAGE,
    PROCESS_BYTES,
    ByteBudget,
    in_frames,
    limit_of,
)
from smq_core.daemon.processes.in_flight import InFlight
from smq_core.daemon.processes.process import Program, WorkerProcess
from smq_core.daemon.wire.protocol import Deliver
from smq_core.daemon.wire.slots import SlotsInFile
from smq_core.message import Receipt
from smq_core.store.records import LeasedRow
from tests.daemon.running import Daemon

if TYPE_CHECKING:
    from pathlib import Path

    import msgspec

    from smq_core import Queue
    from smq_core.daemon.liveness.presence import Presence
    from smq_core.daemon.processes.child_process import Child
    from smq_core.daemon.processes.pool import ProcessPool

MIB = 1024 * 1024
TAGS = count(1)


def flight(size: int, headers: str | None = None) -> InFlight:
    """Make a delivery of so many bytes."""
    row = LeasedRow(1, "t", b"\0" * size, "bytes", headers, 0, None, 1, 1, None, 0, 0, None, 0, 0)
    return InFlight(row, Receipt(1), next(TAGS), 0, row.size)


class SilentChild:
    """A process that takes everything and says nothing."""

    pid = 1

    def __init__(self) -> None:
        self.sent: list[msgspec.Struct] = []

    def send(self, message: msgspec.Struct) -> None:
        """Keep what was sent."""
        self.sent.append(message)

    def frames(self) -> list[list[int]]:
        """Return the sizes of the messages in each frame."""
        frames = [one.messages for one in self.sent if isinstance(one, Deliver)]
        return [[len(message.stored) for message in frame] for frame in frames]


class Nowhere:
    """The presence of a daemon without a -workers file: no slot tells anything."""

    cuts = 0

    @property
    def file(self) -> Nowhere:
        """The file that is not there."""
        return self

    @property
    def record(self) -> Nowhere:
        """Nor is a record in it."""
        return self

    def slots(self, wanted: SlotRange) -> SlotsInFile:
        """Give a process slots in which nothing stands."""
        return SlotsInFile(-1, 0, wanted.count)

    def slots_at(self, first: int) -> int:
        """Report where they begin."""
        return first


def process(threads: int = 8, processes: int = 1) -> tuple[WorkerProcess, SilentChild]:
    """Make a worker process that is ready."""
    child = SilentChild()
    program = Program((), threads, 0, 0, processes, "")
    made = WorkerProcess(
        program,
        cast("Child", child),
        presence=cast("Presence", Nowhere()),
        slots=SlotRange(1, 0, threads),
        now=0.0,
    )
    made.note_ready()
    return made, child


class FewProcesses:
    """A pool as a distribution sees it."""

    def __init__(self, *processes: WorkerProcess) -> None:
        self.processes = list(processes)


def distribution(*processes: WorkerProcess) -> Distribution:
    return Distribution(cast("ProcessPool", FewProcesses(*processes)), lambda _flight, _now_ms: True)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], [[]]),
        ([1, 2, 3], [[1, 2, 3]]),
        ([FRAME_BYTES], [[FRAME_BYTES]]),
        ([FRAME_BYTES, 0], [[FRAME_BYTES, 0]]),
        ([FRAME_BYTES, 1], [[FRAME_BYTES], [1]]),
        ([1, FRAME_BYTES, 1], [[1], [FRAME_BYTES], [1]]),
        ([9 * FRAME_BYTES, 9 * FRAME_BYTES], [[9 * FRAME_BYTES], [9 * FRAME_BYTES]]),
        ([FRAME_BYTES // 2] * 5, [[FRAME_BYTES // 2] * 2] * 2 + [[FRAME_BYTES // 2]]),
    ],
)
def test_messages_go_in_frames_of_bounded_bytes(sizes: list[int], expected: list[list[int]]) -> None:
    flights = [flight(0)._replace(tag=size) for size in sizes]

    assert [[one.tag for one in frame] for frame in in_frames(flights, sizes)] == expected


def test_small_messages_are_not_summed_up() -> None:
    budget = ByteBudget(1_000)
    budget.note_given([10, 3], is_empty=True)

    assert budget.left([flight(10), flight(3)]) == 1_000 - 2 * 10


def test_what_may_be_too_much_is_summed_up() -> None:
    budget = ByteBudget(1_000)
    budget.note_given([600, 3], is_empty=True)

    assert budget.left([flight(600), flight(3, headers='{"a":"b"}')]) == 1_000 - 600 - 3 - 9


def test_a_large_message_that_is_over_is_forgotten_with_the_last_of_its_time() -> None:
    budget = ByteBudget(1_000)
    budget.note_given([900], is_empty=True)
    budget.note_given([1], is_empty=True)

    assert budget.left([flight(1)]) == 999


@pytest.mark.parametrize("processes", [0, 1, 2, 8, 1_000])
def test_all_processes_together_have_a_limit(processes: int) -> None:
    assert limit_of(processes) <= PROCESS_BYTES
    assert limit_of(processes) * max(processes, 1) <= ALL_BYTES


def test_a_process_takes_large_messages_until_it_has_enough_bytes() -> None:
    made, child = process(threads=64)
    while made.room:
        made.give([flight(16 * MIB)], 0.0)

    assert child.frames() == [[16 * MIB]] * 4
    assert not made.is_hungry
    assert (made.room, made.places) == (0, 60)
    made.in_flight.popitem()
    assert (made.room, made.is_hungry) == (61, True)


def test_a_process_takes_as_many_small_messages_as_it_has_threads() -> None:
    made, child = process(threads=64)
    made.give([flight(200) for _ in range(64)], 0.0)

    assert child.frames() == [[200] * 64]
    assert made.bytes_left > PROCESS_BYTES // 2


def test_one_process_of_many_takes_one_message_whatever_its_size() -> None:
    made, _ = process(processes=1_000)

    assert made.room == 8
    made.give([flight(16 * MIB)], 0.0)
    assert made.room == 0


def test_large_messages_are_shared_by_bytes() -> None:
    """The first process, which is laden, is passed over though it has the fewest messages."""
    one, other = process()[0], process()[0]
    one.give([flight(PROCESS_BYTES)], 0.0)
    other.give([flight(1), flight(1)], 0.0)
    made = distribution(one, other)
    made.add([flight(MIB) for _ in range(4)])
    made.hand_out(0.0)

    assert (len(one.in_flight), len(other.in_flight), len(made)) == (1, 6, 0)


def test_what_is_leased_is_not_given_back_for_its_bytes() -> None:
    made, _ = process()
    waiting = distribution(made)
    waiting.add([flight(PROCESS_BYTES - 1), flight(8 * MIB), flight(8 * MIB)])
    waiting.hand_out(0.0)

    assert (len(made.in_flight), made.room, len(waiting)) == (3, 0, 0)


def test_messages_beyond_the_threads_wait() -> None:
    made, _ = process(threads=2)
    waiting = distribution(made)
    waiting.add([flight(MIB) for _ in range(3)])
    waiting.hand_out(0.0)

    assert (len(made.in_flight), len(waiting)) == (2, 1)


HANDLER = """
import time
def handle(message):
    assert len(message.payload) == int(message.headers["size"])
"""


@pytest.mark.slow
def test_a_daemon_works_through_messages_of_many_bytes(tmp_path: Path, queue: Queue, path: Path) -> None:
    """Far more than a frame, a lease or a process may have at a time; and between them some small ones."""
    sizes = [16 * MIB, 10, 5 * MIB, 5 * MIB, 5 * MIB, 100_000, 16 * MIB, 16 * MIB, 10, 16 * MIB, 16 * MIB]
    for size in sizes:
        queue.enqueue("t", b"\0" * size, headers={"size": str(size)})

    with Daemon(
        tmp_path, "--handler", "t=handlers:handle", "--burst", "--threads", "16", code=HANDLER
    ) as daemon:
        assert daemon.end() == 0

    with Inspector(path, read_only=True) as inspector:
        assert [(one.ready, one.dead) for one in inspector.topics()] == [(0, 0)]
    assert daemon.lines[-1]["text"] == f"stopped after {len(sizes)} processed, 0 failed"


@pytest.mark.slow
def test_a_message_that_no_frame_can_bear_is_set_aside_and_the_others_go_on(
    tmp_path: Path, queue: Queue, path: Path
) -> None:
    """It was written by SQL that goes round the limit of the contract."""
    queue.enqueue("t", b"", headers={"size": "0"})
    with queue.transaction() as transaction:
        transaction.execute(
            "INSERT INTO smq_messages(topic, payload, kind) VALUES ('t', zeroblob(?), 'bytes')",
            (LARGEST_MESSAGE + 1,),
        )
    queue.enqueue("t", b"", headers={"size": "0"})

    with Daemon(tmp_path, "--handler", "t=handlers:handle", "--burst", code=HANDLER) as daemon:
        assert daemon.end() == 0

    with Inspector(path, read_only=True) as inspector:
        (dead,) = inspector.browse("t", "dead", preview=9)
        assert inspector.topic("t").ready == 0
        error = str(dead.last_error)
    assert error.startswith("it has 33,554,433 bytes, more than the 33,554,432 that a daemon accepts")
    assert daemon.lines[-1]["text"] == "stopped after 2 processed, 0 failed"
