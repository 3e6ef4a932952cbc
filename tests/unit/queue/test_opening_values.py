"""What a queue and an inspector are opened with: paths as text or bytes, and a patience that has an end."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, cast

import pytest

from smq_core import Inspector, InvalidMessage, Queue

if TYPE_CHECKING:
    from pathlib import Path

OUT_OF_RANGE = [math.inf, math.nan, -1, -0.001, 1e9, 10**400, "10", None, True]


@pytest.mark.parametrize("timeout", OUT_OF_RANGE)
@pytest.mark.parametrize("opened", [Queue, Inspector])
def test_a_timeout_out_of_range_is_refused(
    tmp_path: Path, opened: type[Queue | Inspector], timeout: object
) -> None:
    with pytest.raises(InvalidMessage, match="timeout"):
        opened(tmp_path / "q.sqlite3", timeout=cast("float", timeout))


@pytest.mark.parametrize("timeout", [0, 0.5, 24 * 86_400])
def test_a_timeout_in_range_opens_a_queue(location: str, timeout: float) -> None:
    with Queue(location, timeout=timeout) as queue:
        assert queue.dequeue("mail", ack=()) == []
        queue.enqueue("mail", "a")


def test_a_path_may_be_bytes(location: str) -> None:
    with Queue(os.fsencode(location)) as queue, Inspector(os.fsencode(location)) as inspector:
        queue.enqueue("mail", "a")

        assert queue.location == inspector.location == os.path.realpath(location)
        assert inspector.topic("mail").ready == 1
