"""Formats numbers, times and payloads for people, and parses durations.

Pure: no clock, no locale, no terminal. What is measured is cut, never rounded up, so no figure says more than
what is there (59.96 seconds are `59s`) and none changes its width by rounding.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from smq_core.safe_text import CUT, cell, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

__all__ = [
    "age",
    "clock_time",
    "count",
    "counted",
    "duration",
    "parse_duration",
    "payload_preview",
    "quoted",
    "rate",
    "size",
]

_DAY: Final = 86_400
_HOUR: Final = 3_600
_MINUTE: Final = 60
_DAYS_WITH_HOURS: Final = 100
_SMALLEST_RATE: Final = 0.1
_RATE_WITH_TENTHS: Final = 100
_THOUSAND: Final = 1_000
_KIB: Final = 1_024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_UNITS_MS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_AMOUNT: Final = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
_PARTS: Final = re.compile(r"\s*".join(rf"(?:({_AMOUNT}){unit}(?![a-z]))?" for unit in _UNITS_MS))
_SECONDS: Final = re.compile(_AMOUNT)
_LONGEST_DURATION_MS: Final = 36_500 * _UNITS_MS["d"]


def age(seconds: float) -> str:
    """Write how long ago something was, in at most six columns: `42s`, `3m07s`, `5h02m`, `12d04h`, `100d`.

    What lies in the future, by a clock that was set back, is `0s`.
    """
    whole = max(0, math.floor(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    days = whole // _DAY
    return f"{days}d{whole % _DAY // _HOUR:02}h" if days < _DAYS_WITH_HOURS else f"{days}d"


def count(number: int, width: int | None = None) -> str:
    """Write a whole number with its digits in groups, `1,204`, or shorter to fit: `1.2k`, `1k`.

    Where no form is narrow enough the answer is the shortest of them.
    """
    sign, magnitude = ("-" if number < 0 else ""), abs(number)
    forms = [sign + form for form in _count_forms(magnitude)]
    return next((form for form in forms if width is None or len(form) <= width), forms[-1])


def counted(number: int, one: str, many: str = "") -> str:
    """Write how many there are of something: `1 line`, `1,204 lines`.

    `many` is the form for any number but one, by default `one` with an s; either may bring its verb along.
    """
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def size(number_of_bytes: int) -> str:
    """Write an amount of memory in at most eight columns: `0 B`, `999 B`, `1.0 KiB`, `16 MiB`, `1023 MiB`."""
    if number_of_bytes < _KIB:
        return f"{number_of_bytes} B"
    power = min((number_of_bytes.bit_length() - 1) // 10, 6)
    whole, tenths = divmod(number_of_bytes * 10 // _KIB**power, 10)
    fraction = f".{tenths}" if whole < 10 else ""  # noqa: PLR2004 - the second digit
    return f"{whole}{fraction} {'KMGTPE'[power - 1]}iB"


def rate(per_second: float, unit: str = "/s") -> str:
    """Write how many a second: `0/s`, `<0.1/s`, `18.2/s`, `204/s`, `12.3k/s`.

    A column whose title says what is counted passes `unit=""`.
    """
    if 0 < per_second < _SMALLEST_RATE:
        return f"<0.1{unit}"
    if per_second <= 0:
        return f"0{unit}"
    if per_second < _RATE_WITH_TENTHS:
        whole, tenths = divmod(math.floor(per_second * 10), 10)
        return f"{whole}.{tenths}{unit}"
    return f"{count(math.floor(per_second), 5)}{unit}"


def duration(seconds: float) -> str:
    """Write a length of time to the millisecond, as `parse_duration` reads it: `250ms`, `1m30.5s`, `1d`."""
    rest = round(seconds * 1000)
    if rest < _UNITS_MS["s"]:
        return f"{rest}ms" if rest > 0 else "0s"
    text = ""
    for unit in ("d", "h", "m"):
        amount, rest = divmod(rest, _UNITS_MS[unit])
        text += f"{amount}{unit}" if amount else ""
    whole, fraction = divmod(rest, _UNITS_MS["s"])
    if fraction:
        return f"{text}{whole}.{fraction:03}".rstrip("0") + "s"
    return f"{text}{whole}s" if whole else text


def parse_duration(text: str) -> float:
    """Read a length of time, in seconds: `90`, `5s`, `1m30s`, `2h`, `250ms`, `1d`.

    Decimals (`1.5h`) and spaces between the units (`1m 30s`) are understood.

    Raises:
        ValueError: when it is anything else, or longer than 36500 days; the message says what was expected.
    """
    stripped = text.strip()
    if _SECONDS.fullmatch(stripped):
        total_ms = Decimal(stripped) * _UNITS_MS["s"]
    elif stripped and (parts := _PARTS.fullmatch(stripped)):
        amounts = zip(parts.groups(default="0"), _UNITS_MS.values(), strict=True)
        total_ms = sum((Decimal(amount) * unit_ms for amount, unit_ms in amounts), Decimal(0))
    else:
        raise ValueError(
            f"{cell(text, 40)!r} is not a duration: expected a number of seconds, or numbers with the units "
            "d, h, m, s, ms in this order, such as 90, 5s, 1m30s, 2h, 250ms or 1d"
        )
    if total_ms > _LONGEST_DURATION_MS:
        raise ValueError(f"{cell(text, 40)!r} is too long: expected at most 36500d")
    return float(total_ms / 1000)


def clock_time(epoch_seconds: float, tz: tzinfo | None = None, *, now: float | None = None) -> str:
    """Write a moment in a time zone (None: this machine's), such as `2026-11-24 14:02:11`.

    On the same day as `now` it is `14:02:11`. A moment that no calendar holds (a row written by hand) is
    `never` or `long ago`.
    """
    moment = _local(epoch_seconds, tz)
    if moment is None:
        return "never" if epoch_seconds > 0 else "long ago"
    today = None if now is None else _local(now, tz)
    if today is not None and moment.date() == today.date():
        return moment.time().isoformat("seconds")
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def quoted(value: str) -> str:
    """Write a value of a filter so that it is read back as it is: in quotes where it needs them."""
    if value and not re.search(r'[\s"\\]', value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def payload_preview(payload: object, limit: int) -> str:
    """Write the beginning of a payload on one safe line of at most `limit` characters, whatever its size.

    Bytes that are no text are written in hexadecimal; a run of blanks and line breaks is one space.
    """
    if isinstance(payload, bytes):
        return visible(payload, limit)
    # Indented JSON is mostly blanks: what is looked at is a few times what can show.
    reach = 4 * max(limit, 0) + 1
    head = payload[:reach] if isinstance(payload, str) else _json_head(payload, reach)
    squeezed = " ".join(head.split())
    return cell(squeezed + CUT if len(head) == reach else squeezed, limit)


def _count_forms(magnitude: int) -> Iterator[str]:
    yield f"{magnitude:,}"
    if magnitude < _THOUSAND:
        return
    power = min((len(str(magnitude)) - 1) // 3, 6)
    whole, tenths = divmod(magnitude * 10 // _THOUSAND**power, 10)
    yield f"{whole}.{tenths}{'kMGTPE'[power - 1]}"
    yield f"{whole}{'kMGTPE'[power - 1]}"


def _local(epoch_seconds: float, tz: tzinfo | None) -> datetime | None:
    try:
        return (_EPOCH + timedelta(seconds=math.floor(epoch_seconds))).astimezone(tz)
    except (OverflowError, ValueError):
        return None


def _json_head(value: object, length: int) -> str:
    head = ""
    try:
        for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            head += piece[:length]
            if len(head) >= length:
                return head[:length]
    except (RecursionError, ValueError):
        # Nested a thousand deep, or a number of thousands of digits: its beginning is all that is asked for.
        head += CUT
    return head
