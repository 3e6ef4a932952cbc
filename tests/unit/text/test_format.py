"""Figures, moments and payloads as people read them."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smq_core.format import age, clock_time, count, payload_preview, rate, size
from smq_core.safe_text import CUT, cell

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59.96, "59s"),
        (60, "1m00s"),
        (187, "3m07s"),
        (3599.999, "59m59s"),
        (3600, "1h00m"),
        (86_399, "23h59m"),
        (86_400, "1d00h"),
        (8_639_999, "99d23h"),
        (8_640_000, "100d"),
    ],
)
def test_an_age_counts_what_has_gone_by(seconds: float, written: str) -> None:
    """A minute is written when it is over, not when it is near."""
    assert age(seconds) == written


@settings(deadline=None)
@given(st.floats(min_value=-1e9, max_value=8.64e9 - 1))
def test_an_age_takes_at_most_six_columns(seconds: float) -> None:
    """Up to 99,999 days."""
    assert len(age(seconds)) <= 6


@pytest.mark.parametrize(
    ("number", "width", "written"),
    [
        (0, None, "0"),
        (999, None, "999"),
        (1204, None, "1,204"),
        (-1204, None, "-1,204"),
        (1_234_567, 9, "1,234,567"),
        (1_234_567, 8, "1.2M"),
        (1_234_567, 6, "1.2M"),
        (1_234_567, 3, "1M"),
        (1_999_999, 4, "1.9M"),
        (999_999, 5, "999k"),
        (-12_345, 6, "-12.3k"),
        (-12_345, 5, "-12k"),
        (123, 2, "123"),
        (10**18, 4, "1.0E"),
    ],
)
def test_a_count_takes_the_longest_form_that_fits(number: int, width: int | None, written: str) -> None:
    """Short forms are cut: 1,999,999 has not reached two million."""
    assert count(number, width) == written


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_a_count_fits_four_columns_and_never_says_more_than_there_is(number: int) -> None:
    """Whatever the counter holds, a narrow column stays narrow."""
    written = count(number, 4)
    scale = {"k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
    amount, power = (
        (written[:-1], scale[written[-1]]) if written[-1] in scale else (written.replace(",", ""), 0)
    )

    assert len(written) <= 4
    assert int(float(amount) * 10) * 10**power <= number * 10 < int(float(amount) * 10 + 10) * 10**power


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (10_239, "9.9 KiB"),
        (10_240, "10 KiB"),
        (1024**2 - 1, "1023 KiB"),
        (16 * 1024**2, "16 MiB"),
        (5 * 1024**3 // 2, "2.5 GiB"),
        (2**63, "8.0 EiB"),
    ],
)
def test_a_size_is_written_in_powers_of_1024(amount: int, written: str) -> None:
    """One decimal below ten units, none above."""
    assert size(amount) == written


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**63))
def test_a_size_takes_at_most_eight_columns(amount: int) -> None:
    """Also right below the next unit."""
    assert len(size(amount)) <= 8


@pytest.mark.parametrize(
    ("per_second", "written"),
    [
        (0, "0/s"),
        (-1, "0/s"),
        (0.017, "<0.1/s"),
        (0.1, "0.1/s"),
        (9.96, "9.9/s"),
        (18.2, "18.2/s"),
        (99.99, "99.9/s"),
        (100, "100/s"),
        (9_999.9, "9,999/s"),
        (12_345.6, "12.3k/s"),
        (1_234_567, "1.2M/s"),
    ],
)
def test_a_rate_never_shows_something_as_nothing(per_second: float, written: str) -> None:
    """One message a minute is not `0.0/s`."""
    assert rate(per_second) == written


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=999))
def test_tenths_are_written_as_they_were_measured(tenths: int) -> None:
    """Cutting does not turn 16.1 into 16.0 by the error of a float."""
    assert rate(tenths / 10, unit="") == f"{tenths // 10}.{tenths % 10}"


NOON = dt.datetime(2026, 11, 24, 12, 0, 0, tzinfo=dt.UTC).timestamp()


def test_a_moment_is_written_in_the_zone_that_is_asked_for() -> None:
    """Summer time and all."""
    july = dt.datetime(2026, 7, 1, 12, 0, 0, tzinfo=dt.UTC).timestamp()

    assert clock_time(NOON, ZoneInfo("Europe/Berlin")) == "2026-11-24 13:00:00"
    assert clock_time(july, ZoneInfo("Europe/Berlin")) == "2026-07-01 14:00:00"


def test_a_moment_of_today_is_written_without_its_date() -> None:
    """Today is a day of the zone that is shown."""
    five_hours_west = dt.timezone(dt.timedelta(hours=-5))
    evening = NOON - 13 * 3600

    assert clock_time(NOON + 59.999, dt.UTC, now=NOON) == "12:00:59"
    assert clock_time(evening, dt.UTC, now=NOON) == "2026-11-23 23:00:00"
    assert clock_time(evening + 7 * 3600, five_hours_west, now=NOON) == "01:00:00"


@settings(deadline=None)
@given(st.floats())
def test_a_moment_that_a_foreign_writer_invented_does_not_crash(epoch_seconds: float) -> None:
    """The column holds any 64-bit integer."""
    for zone in (dt.UTC, dt.timezone(dt.timedelta(hours=-14)), dt.timezone(dt.timedelta(hours=14))):
        written = clock_time(epoch_seconds, zone, now=NOON)

        assert re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d|never|long ago", written)


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        ({"a": 1, "b": [1, 2]}, '{"a": 1, "b": [1, 2]}'),
        ({"größe": "\x1b[2J"}, '{"größe": "\\u001b[2J"}'),
        (None, "null"),
        (1.5, "1.5"),
        ("plain text", "plain text"),
        ('{\n  "a": 1\n}', '{ "a": 1 }'),
        ("a\x1bb\u202e", "a␛b\ufffd"),
        (b"bytes", "bytes"),
        (b"\xff\x00", "hex ff 00"),
    ],
)
def test_a_payload_is_previewed_on_one_line(payload: object, written: str) -> None:
    """Indentation and line breaks are squeezed, nothing is interpreted."""
    assert payload_preview(payload, 40) == written


@settings(deadline=None)
@given(json_values | st.binary(max_size=200), st.integers(min_value=0, max_value=60))
def test_a_preview_is_safe_and_within_its_limit(payload: object, limit: int) -> None:
    """Any payload, any width."""
    preview = payload_preview(payload, limit)

    assert len(preview) <= limit
    assert cell(preview) == preview


def test_a_preview_that_leaves_something_out_ends_in_a_mark() -> None:
    """Also where only blanks were looked at."""
    assert payload_preview("x" * 50, 10) == "x" * 9 + CUT
    assert payload_preview(["x" * 10**6], 10) == '["xxxxxxx' + CUT
    assert payload_preview(" " * 10_000 + "x", 10) == CUT


def test_a_payload_nested_too_deeply_to_write_is_previewed_by_its_beginning() -> None:
    """A dashboard row is no place for a RecursionError."""
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]

    assert payload_preview(deep, 5) == "[[[[" + CUT
    assert payload_preview(deep, 4000).startswith("[[[[")
    assert payload_preview(deep, 4000).endswith(CUT)


def test_a_number_of_too_many_digits_is_previewed_by_its_beginning() -> None:
    """Python refuses to write such numbers out."""
    assert payload_preview([1, 10**5000], 20) == "[1" + CUT
