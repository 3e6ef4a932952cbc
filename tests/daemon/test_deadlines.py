from __future__ import annotations

import pytest

from smq_core.daemon.deadlines import busy_ones

MILLISECOND = 1_000_000


@pytest.mark.parametrize(
    ("used_ms", "busy"),
    [
        pytest.param([290, 1], [0], id="one loops, and the other waits for the interpreter"),
        pytest.param([1, 30], [1], id="one loops on a machine that has little time for it"),
        pytest.param([1, 2], [], id="both sleep: each hangs by itself"),
        pytest.param([280, 0, 250], [0, 2], id="two loop without the interpreter"),
    ],
)
def test_who_is_at_work_in_a_process_that_hangs(used_ms: list[int], busy: list[int]) -> None:
    assert busy_ones([used * MILLISECOND for used in used_ms], 0.3) == busy
