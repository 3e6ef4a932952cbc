"""Durations as people write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smq_core.format import duration, parse_duration
from smq_core.safe_text import cell


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("0.5", 0.5),
        ("5s", 5),
        ("250ms", 0.25),
        ("1m30s", 90),
        ("2h", 7200),
        ("1d", 86_400),
        ("1d2h3m4s5ms", 93_784.005),
        ("1.5h", 5400),
        ("1m 30s", 90),
        ("  5s\n", 5),
        ("1m1ms", 60.001),
        ("36500d", 3_153_600_000),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    """A bare number is seconds, `m` minutes, `ms` milliseconds."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "-5",
        "+5",
        "1e3",
        "٣",
        "nan",
        "inf",
        "5 s",
        "5x",
        "5S",
        "1s1m",
        "1m1m",
        "1mms",
        "1,5s",
        ".5",
        "5.",
        "9" * 400,
    ],
)
def test_what_is_no_duration_is_refused_with_what_was_expected(text: str) -> None:
    """The sentence names the units and examples."""
    with pytest.raises(
        ValueError, match=r"is not a duration: expected a number of seconds, .* such as 90, 5s"
    ):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36501d", "999999999999999", "36500d1ms"])
def test_a_duration_beyond_a_century_is_refused(text: str) -> None:
    """A moment so far away would not fit a calendar."""
    with pytest.raises(ValueError, match="too long: expected at most 36500d"):
        parse_duration(text)


def test_a_refusal_shows_hostile_text_harmlessly() -> None:
    """The sentence goes to a terminal."""
    with pytest.raises(ValueError, match="not a duration") as refusal:
        parse_duration("\x1b]0;x\x07" * 100)

    assert cell(str(refusal.value)) == str(refusal.value)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s"),
        (0.0001, "0s"),
        (0.25, "250ms"),
        (0.9996, "1s"),
        (1.5, "1.5s"),
        (59.9996, "1m"),
        (90, "1m30s"),
        (90.005, "1m30.005s"),
        (60.5, "1m0.5s"),
        (3600, "1h"),
        (100_000, "1d3h46m40s"),
    ],
)
def test_a_duration_is_written_with_the_units_it_needs(seconds: float, written: str) -> None:
    """There is no `60s` and no `0m`."""
    assert duration(seconds) == written


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=36_500 * 86_400_000))
def test_a_written_duration_reads_back_the_same(milliseconds: int) -> None:
    """What a command prints can be given to a command."""
    assert parse_duration(duration(milliseconds / 1000)) == milliseconds / 1000
