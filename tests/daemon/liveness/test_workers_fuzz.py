"""Whatever bytes stand in the -workers file, and come to stand there while daemons run, ends no daemon.

Nothing that is not a daemon's own is killed, no traceback is written, and every message is processed.
"""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from smq_core.daemon.liveness.presence import Presence
from smq_core.daemon.liveness.workers_file_layout import (
    FILE_SIZE,
    HEADER_SIZE,
    MAGIC,
    RECORD_SIZE,
    RECORDS,
    SLOTS,
    RecordHeader,
    SlotRange,
    pack_header,
    read_header,
    record_at,
)
from smq_core.daemon.log import Journal
from smq_core.daemon.system.process_identity import machine_id, started_at
from smq_core.daemon.wire.slots import SLOT_SIZE
from smq_core.ended import ended_daemons
from smq_core.errors import StoreUnavailable
from smq_core.testing import ManualClock
from tests.daemon.liveness.test_peers import NO_SUCH_PID, Street
from tests.daemon.running import Daemon
from tests.matrix import scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smq_core import Queue
    from smq_core.store.base import Store
    from tests.matrix import Fault

ODD: tuple[object, ...] = (
    0,
    1,
    -1,
    2**15,
    2**22,
    2**31,
    2**32,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    1.5,
    float("nan"),
    None,
    "",
    "x",
    [],
)


def some_header(chance: random.Random, innocent: int) -> bytes:
    """Make a header that is nearly one, or nothing like one."""
    odd: Callable[[], object] = lambda: chance.choice(ODD)  # noqa: E731 - a word for what follows
    ranges = [
        [chance.choice([innocent, odd()]), chance.choice([0, odd()]), chance.choice([4, SLOTS, odd()])]
        for _ in range(chance.choice([0, 1, 3, 300]))
    ]
    name = chance.choice(["we", "dead", "x" * 5000, "\0", odd()])
    fields = [name, chance.choice([innocent, odd()]), chance.choice([machine_id(), odd()]), ranges, odd()]
    body = msgspec.msgpack.encode(fields[: chance.choice([5, 5, 5, 4, 3, 0])])
    length = chance.choice([len(body), len(body), len(body), 0, 1, 4092, 4093, 2**32 - 1])
    return (length.to_bytes(4, "little") + body)[:HEADER_SIZE]


def _slot(innocent: int, chance: random.Random) -> bytes:
    """Make the slot of a command that has the number of another program, and its start time too."""
    return struct.pack(
        "@ddqqqQII", 1.0, 0.0, 5, innocent, started_at(innocent), chance.getrandbits(64) or 1, 0, 0
    )


def a_dead_daemon(innocent: int) -> bytes:
    """Make the header of a daemon that died here, with processes."""
    return pack_header(RecordHeader("dead", innocent, machine_id(), [SlotRange(innocent, 0, 8)], 1))


def spoil(content: bytearray, chance: random.Random, innocent: int) -> None:
    """Write something odd into a file's bytes."""
    for _ in range(chance.randint(1, 8)):
        record = record_at(chance.randrange(RECORDS if chance.random() < 0.2 else 3))
        at, data = chance.choice(
            [
                (record, some_header(chance, innocent)),
                (record, chance.randbytes(200)),
                (record + HEADER_SIZE, chance.randbytes(SLOT_SIZE * 8)),
                (chance.randrange(FILE_SIZE - 5000), chance.randbytes(5000)),
                (record, bytes(content[record_at(0) : record_at(0) + RECORD_SIZE])),
                (record + HEADER_SIZE, b"\xff" * SLOT_SIZE * 20),
                (record + HEADER_SIZE, _slot(innocent, chance) * 8),
                (record, a_dead_daemon(innocent)),
            ]
        )
        content[at : at + len(data)] = data
    content[: len(MAGIC)] = MAGIC


@pytest.fixture
def street(
    store: Store, location: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Street]:
    """Give a daemon that looks, and that is not the parent of what the test starts."""
    monkeypatch.setattr(os, "getpid", lambda: NO_SUCH_PID)
    made = Street(store, location, clock)
    yield made
    made.close()


@pytest.fixture
def innocent() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process with a group of its own that no daemon started."""
    child = subprocess.Popen(["/bin/sleep", "1000"], start_new_session=True)
    yield child
    child.kill()
    child.wait()


@pytest.mark.fault(
    row="arbitrary bytes in the headers and slots of the -workers file",
    part="bad input",
    promise="each check completes, takes no message away from a running daemon, and kills no process",
    how="generated headers, ranges, slots, copies and random bytes are written to the file while a daemon "
    "checks it",
)
def test_a_look_at_any_bytes_goes_through(
    street: Street, innocent: subprocess.Popen[bytes], fault: Fault
) -> None:
    for seed in range(scaled(60, 3_000)):
        chance = random.Random(seed)  # noqa: S311 - a run is repeated by its seed
        with Path(street.path).open("r+b") as file:
            content = bytearray(file.read().ljust(FILE_SIZE, b"\0"))
            spoil(content, chance, innocent.pid)
            file.seek(0)
            file.write(content)
            file.truncate(
                chance.choice([FILE_SIZE] * 5 + [0, 10, chance.randrange(FILE_SIZE), FILE_SIZE * 2])
            )
        fault.struck()
        ended_daemons(street.path.removesuffix("-workers"))
        street.presence.look()
        street.dead_daemons.look()
        street.dead_daemons.drop_stale_rows()
        assert innocent.poll() is None, seed
        assert "we" in {header.worker_id for _, header in street.presence.file.headers()}, seed
        assert Path(street.path).stat().st_size >= FILE_SIZE, seed
        fault.ran()


def test_any_bytes_are_a_header_or_none_and_never_more_slots_than_there_are() -> None:
    for seed in range(scaled(3_000, 200_000)):
        chance = random.Random(seed)  # noqa: S311 - a run is repeated by its seed
        header = read_header(some_header(chance, 4711))
        if header is not None:
            assert sum(one.count for one in header.processes) <= SLOTS
            assert all(one.first + one.count <= SLOTS for one in header.processes)
            assert read_header(pack_header(header)) == header
    sound = RecordHeader("one", 1, "here", [SlotRange(4711, 0, SLOTS)], 5)
    assert read_header(pack_header(sound)) == sound
    assert read_header(pack_header(RecordHeader("one", 1, "here", [SlotRange(4711, 1, SLOTS)]))) is None


@pytest.mark.fault(
    row="a -workers file with arbitrary contents when a daemon starts",
    part="bad input",
    promise="the file is used, or refused with an error",
    how="random bytes of any length, with or without a valid file header",
)
def test_a_file_of_any_bytes_is_used_or_refused(tmp_path: Path, fault: Fault) -> None:
    path = tmp_path / "q-workers"
    for seed in range(scaled(60, 1_000)):
        chance = random.Random(seed)  # noqa: S311 - a run is repeated by its seed
        length = chance.choice(
            [0, 1, 13, 14, 4096, FILE_SIZE, RECORDS * RECORD_SIZE, chance.randrange(FILE_SIZE)]
        )
        start = chance.choice([MAGIC, b"", chance.randbytes(14)])
        path.write_bytes((start + chance.randbytes(min(length, 100_000))).ljust(length, b"\0")[:length])
        before = path.read_bytes()
        fault.struck()
        try:
            header = RecordHeader("we", os.getpid(), machine_id(), started=started_at(os.getpid()))
            presence = Presence(str(path), None, header, Journal(ManualClock(), stream=io.StringIO()))
        except StoreUnavailable:
            assert path.read_bytes() == before
        else:
            assert before[:14] in {MAGIC, b""} or not any(before), seed
            presence.leave(is_told=False)
        fault.ran()


CODE = """
    def handle(message):
        pass
"""


@pytest.mark.slow
@pytest.mark.fault(
    row="the -workers file overwritten, truncated, removed and replaced while a daemon is running",
    part="environment",
    promise="the daemon continues, no other program is killed, and every message is processed",
    how="random bytes, truncation, removal, and a folder, a FIFO or a link in its place, while messages are "
    "processed",
)
def test_a_running_daemon_bears_whatever_is_done_to_its_file(
    tmp_path: Path, queue: Queue, innocent: subprocess.Popen[bytes], fault: Fault
) -> None:
    path = tmp_path / "queue.sqlite3-workers"
    chance = random.Random(17)  # noqa: S311 - as above
    with Daemon(tmp_path, "--handler", "t=handlers:handle", code=CODE) as daemon:
        daemon.wait_for("ready")
        for turn in range(scaled(14, 200)):
            deed = turn % 7
            if deed in {0, 1, 2} and path.is_file():
                with path.open("r+b") as file:
                    content = bytearray(file.read().ljust(FILE_SIZE, b"\0"))
                    spoil(content, chance, innocent.pid)
                    file.seek(0)
                    file.write(content)
                    if deed:
                        file.truncate(chance.choice([0, 1, 5000, record_at(0) + HEADER_SIZE]))
            else:
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
                if deed == 4:
                    path.mkdir()
                elif deed == 5:
                    os.mkfifo(path)
                elif deed == 6:
                    path.symlink_to(tmp_path / "nowhere")
            fault.struck()
            queue.enqueue_many("t", [*range(20)])
            while queue.size("t"):
                assert daemon.process.poll() is None, daemon.lines[-5:]
            fault.ran()
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        assert daemon.stop() == 0
        assert not [line for line in daemon.lines if "Traceback" in str(line["text"])]
    assert innocent.poll() is None
    assert not (tmp_path / "nowhere").exists()
