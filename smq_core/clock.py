"""The only place that reads the time; everything else receives a Clock or a number.

Wall-clock times are integer milliseconds since the epoch. Durations inside a process are measured on the
monotonic clock.
"""

from __future__ import annotations

import datetime
from time import monotonic as _monotonic
from time import time_ns as _time_ns
from typing import Protocol

__all__ = ["Clock", "SystemClock", "epoch_ms"]


class Clock(Protocol):
    """The source of the time."""

    def now_ms(self) -> int:
        """Return the wall-clock time in milliseconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never steps; only differences are meaningful."""
        ...


class SystemClock:
    """The clock of this machine."""

    __slots__ = ()

    def now_ms(self) -> int:
        """Return the wall-clock time in milliseconds since the epoch."""
        return _time_ns() // 1_000_000

    monotonic = staticmethod(_monotonic)
    """Return seconds on a clock that never steps; only differences are meaningful.

    It is asked after every write, and therefore the system's own function.
    """


def epoch_ms(moment: float | datetime.datetime) -> int:
    """Turn an aware datetime, or seconds since the epoch, into milliseconds since the epoch.

    Raises:
        ValueError: for a naive datetime (it could mean any zone), a number outside the years 1970
            to 9999, or what is neither.
    """
    if isinstance(moment, datetime.datetime):
        if moment.tzinfo is None:
            raise ValueError(
                f"{moment.isoformat()} has no time zone: pass an aware datetime, or seconds since the epoch"
            )
        seconds = moment.timestamp()
    elif isinstance(moment, bool) or not isinstance(moment, int | float):
        raise ValueError(  # noqa: TRY004 - one error for everything that is not a time
            f"{moment!r} is not a time: pass an aware datetime, or seconds since the epoch as a number"
        )
    else:
        seconds = float(moment)
    if not 0 <= seconds < _END_OF_9999:
        raise ValueError(f"{moment!r} is not a time between the years 1970 and 9999")
    return round(seconds * 1000)


_END_OF_9999 = 253_402_300_800
