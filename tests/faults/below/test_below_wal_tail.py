"""The end of the -wal is cut off, rotten or followed by rubbish, as a crash of the machine may leave it.

The story: whoever opens the queue next finds it as after the last commit that stands whole in the -wal, all
before it included, and works on.
"""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import apsw
import pytest

from smq_core import Queue
from tests.faults.invariant import assert_sound
from tests.matrix import scaled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.matrix import Fault

NAME = "queue.sqlite3"
MESSAGES = 8


class Written(NamedTuple):
    """A queue that was not closed."""

    database: bytes
    wal: bytes
    ends: list[int]
    """How long the -wal was after each message."""

    def whole(self, end: int) -> int:
        """Report how many messages stand whole before a place in the -wal."""
        return sum(one <= end for one in self.ends)


@pytest.fixture
def written(tmp_path: Path, template: Path) -> Written:
    path = tmp_path / NAME
    shutil.copyfile(template, path)
    wal, ends = path.with_name(NAME + "-wal"), []
    with Queue(path) as queue:
        for number in range(MESSAGES):
            queue.enqueue("mail", number)
            ends.append(wal.stat().st_size)
        return Written(path.read_bytes(), wal.read_bytes(), ends)


def assert_found(folder: Path, written: Written, wal: bytes, messages: int) -> None:
    """Open the queue with another -wal, find so many messages, and send one more."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / NAME
    path.write_bytes(written.database)
    path.with_name(NAME + "-wal").write_bytes(wal)
    with Queue(path, durability="normal") as queue:
        assert queue.enqueue("mail", "next") == messages + 1
        with closing(apsw.Connection(str(path))) as db:
            found = [body for (body,) in db.execute("SELECT payload FROM smq_messages ORDER BY id")]
    assert found == [*map(str, range(messages)), "next"]
    assert_sound(path)


@pytest.mark.fault(
    row="a -wal file that is truncated, corrupted or followed by garbage",
    part="below SQLite",
    promise="the queue opens in the state after the last intact commit, with everything committed before "
    "it, and works",
    how="the file is truncated at a random byte, a random bit is flipped, or random bytes or old frames are "
    "appended",
)
def test_a_wal_that_is_cut_off_loses_only_what_is_not_whole(
    tmp_path: Path, written: Written, fault: Fault
) -> None:
    chance = random.Random(0)  # noqa: S311 - a run repeats itself
    cuts = range(written.ends[-3], written.ends[-1])
    for end in chance.sample(cuts, min(scaled(60, 4_000), len(cuts))):
        fault.struck()
        assert_found(tmp_path / "found", written, written.wal[:end], written.whole(end))
        fault.ran()


@pytest.mark.fault(
    row="a -wal file that is truncated, corrupted or followed by garbage",
    part="below SQLite",
    promise="the queue opens in the state after the last intact commit, with everything committed before "
    "it, and works",
    how="the file is truncated at a random byte, a random bit is flipped, or random bytes or old frames are "
    "appended",
)
def test_a_wal_with_a_bit_turned_over_loses_only_what_stands_from_there(
    tmp_path: Path, written: Written, fault: Fault
) -> None:
    chance = random.Random(0)  # noqa: S311 - a run repeats itself
    for _ in range(scaled(60, 4_000)):
        place = chance.randrange(written.ends[2], written.ends[-1])
        rotten = bytearray(written.wal)
        rotten[place] ^= 1 << chance.randrange(8)
        fault.struck()
        assert_found(tmp_path / "found", written, bytes(rotten), written.whole(place))
        fault.ran()


@pytest.mark.fault(
    row="a -wal file that is truncated, corrupted or followed by garbage",
    part="below SQLite",
    promise="the queue opens in the state after the last intact commit, with everything committed before "
    "it, and works",
    how="the file is truncated at a random byte, a random bit is flipped, or random bytes or old frames are "
    "appended",
)
def test_a_wal_that_is_followed_by_rubbish_loses_nothing(
    tmp_path: Path, written: Written, fault: Fault
) -> None:
    chance = random.Random(0)  # noqa: S311 - a run repeats itself
    for number in range(scaled(20, 500)):
        length = chance.randrange(1, 10_000)
        rubbish = chance.randbytes(length) if number % 2 else written.wal[-length:]
        fault.struck()
        assert_found(tmp_path / "found", written, written.wal + rubbish, MESSAGES)
        fault.ran()
