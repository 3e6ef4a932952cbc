"""Back-off and exhaustion: bounds for every number of failures, and the form of the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smq_core.errors import InvalidMessage
from smq_core.policy import Backoff, TopicPolicy, is_exhausted
from smq_core.testing import seeded_random


@pytest.mark.parametrize(
    ("failures", "ceiling"), [(0, 0.0), (1, 2.0), (2, 4.0), (5, 32.0), (12, 3600.0), (10**6, 3600.0)]
)
def test_the_wait_doubles_up_to_its_cap(failures: int, ceiling: float) -> None:
    assert Backoff().ceiling(failures) == ceiling


@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_the_wait_is_drawn_between_nothing_and_its_ceiling(failures: int, jitter: float) -> None:
    backoff = Backoff()

    assert 0 <= backoff.delay(failures, jitter) <= backoff.ceiling(failures) <= backoff.cap


def test_chance_is_the_whole_of_the_wait() -> None:
    """Full jitter: what failed together does not come back together."""
    source = seeded_random()
    waits = [Backoff().delay(3, source.random()) for _ in range(200)]

    assert min(waits) < 1.0
    assert max(waits) > 7.0


@pytest.mark.parametrize("text", ["2s:x2:1h", "500ms:x1:500ms", "1.5s:x1.5:1m 30s", "1m:x10:1d"])
def test_the_form_of_the_command_line_is_read_and_written(text: str) -> None:
    assert Backoff.parse(str(Backoff.parse(text))) == Backoff.parse(text)


@given(st.integers(1, 10**6), st.integers(10, 100), st.integers(1, 10**6))
def test_what_is_written_is_read_back(first: int, factor: int, more: int) -> None:
    """Policies are stored in this form."""
    backoff = Backoff(first / 1000, factor / 10, (first + more) / 1000)

    assert Backoff.parse(str(backoff)) == backoff


@pytest.mark.parametrize(
    "text", ["", "2s", "2s:2:1h", "2s:x2", "x:x2:1h", "2s:x0.5:1h", "2h:x2:1h", "2s:x2:1h:9"]
)
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage, match="back-off"):
        Backoff.parse(text)


@pytest.mark.parametrize(
    ("attempts", "own", "expected"),
    [(1, None, False), (2, None, True), (2, 3, False), (3, 3, True), (9, 1, True)],
)
def test_the_message_s_own_limit_goes_before_the_topic_s(
    attempts: int, own: int | None, *, expected: bool
) -> None:
    assert is_exhausted(attempts, own, TopicPolicy(max_attempts=2)) is expected
