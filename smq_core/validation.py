"""The valid ranges of a message's parts: one place, one error type.

It owns no encoding and touches no store.
"""

from __future__ import annotations

import functools
import math
import sys
from typing import TYPE_CHECKING, Final

from smq_core.clock import epoch_ms
from smq_core.errors import InvalidMessage
from smq_core.format import counted

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

__all__ = [
    "KEY_LIMIT",
    "LONGEST_DURATION_S",
    "LONGEST_LEASE_MS",
    "LONGEST_PATIENCE_S",
    "MAX_ATTEMPTS_LIMIT",
    "PRIORITIES",
    "TOPIC_LIMIT",
    "available_at_ms",
    "check_is_text",
    "check_key",
    "check_keys",
    "check_limit",
    "check_max_attempts",
    "check_patience",
    "check_priority",
    "check_seconds",
    "check_topic",
    "duration_ms",
    "visibility_ms",
]

TOPIC_LIMIT: Final = 200
"""Bytes of a topic's name."""
KEY_LIMIT: Final = 512
"""Bytes of a unique key."""
PRIORITIES: Final = range(-100, 101)
MAX_ATTEMPTS_LIMIT: Final = 1_000_000
LONGEST_LEASE_MS: Final = 24 * 3_600_000
"""The longest visibility timeout."""
LONGEST_PATIENCE_S: Final = 24 * 86_400
"""The longest that a call waits for the database: SQLite counts the milliseconds in 31 bits."""
LONGEST_DURATION_S: Final = 100 * 366 * 86_400
"""A hundred years: what is longer is a mistake in the unit."""
_RESERVED = frozenset("=*,")


def check_topic(topic: str) -> str:
    """Return the topic if it is a legal name.

    Raises:
        InvalidMessage: unless it is 1 to 200 bytes of printable text, without space at its ends and without
            any of `= * ,`.
    """
    if isinstance(topic, str):
        return _checked_topic(topic)
    raise _not_text(topic, "a topic")


def check_is_text(value: str, what: str) -> str:
    """Return a value if it is text; None, above all, does not mean whichever there is.

    Raises:
        InvalidMessage: otherwise.
    """
    if isinstance(value, str):
        return value
    raise _not_text(value, what)


def _not_text(value: object, what: str) -> InvalidMessage:
    return InvalidMessage(f"{what} must be text, not {type(value).__name__}")


@functools.lru_cache(maxsize=4096)
def _checked_topic(topic: str) -> str:
    if not topic:
        raise InvalidMessage("the topic name is empty: give one")
    if not topic.isprintable():
        raise InvalidMessage(f"topic {topic[:80]!a} has unprintable characters: use printable text")
    size = len(topic.encode())
    if size > TOPIC_LIMIT:
        raise InvalidMessage(
            f"a topic of {size:,} bytes ({topic[:40]!r}…) is over the limit of {TOPIC_LIMIT}: "
            "use a shorter name"
        )
    if topic != topic.strip():
        raise InvalidMessage(f"topic {topic!r} begins or ends with a space: remove it")
    if bad := _RESERVED.intersection(topic):
        raise InvalidMessage(
            f"topic {topic!r} has {' '.join(sorted(bad))}, which are reserved for patterns and "
            "lists of topics: "
            "use another name"
        )
    return topic


def check_priority(priority: int) -> int:
    """Return the priority if it is a whole number from -100 to 100.

    Raises:
        InvalidMessage: otherwise.
    """
    if type(priority) is not int or priority not in PRIORITIES:
        raise InvalidMessage(f"priority must be an integer between -100 and 100, got {priority!r}")
    return priority


def check_key(key: str | None) -> str | None:
    """Return the unique key if it is None or 1 to 512 bytes of text.

    Raises:
        InvalidMessage: otherwise.
    """
    if key is None:
        return None
    if not isinstance(key, str) or not key:
        raise InvalidMessage(f"key must be text of 1 to {KEY_LIMIT} bytes, got {key!r}")
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise InvalidMessage("the key has a lone surrogate, which cannot be stored as text") from error
    if size > KEY_LIMIT:
        raise InvalidMessage(f"a key of {size:,} bytes is over the limit of {KEY_LIMIT}: use a digest of it")
    return key


def check_keys(keys: Sequence[str | None] | None, count: int) -> list[str | None] | None:
    """Return the keys of a batch if each is legal and there is one for each of `count` payloads.

    Raises:
        InvalidMessage: otherwise.
    """
    if keys is None:
        return None
    checked = [check_key(key) for key in keys]
    if len(checked) != count:
        raise InvalidMessage(
            f"{counted(len(checked), 'key')} for {counted(count, 'payload')}: "
            "give one for each, or None where there is none"
        )
    return checked


def check_max_attempts(max_attempts: int | None) -> int | None:
    """Return the limit if it is None (the topic's) or a whole number from 1 to a million.

    Raises:
        InvalidMessage: otherwise.
    """
    if max_attempts is None:
        return None
    if type(max_attempts) is not int or not 1 <= max_attempts <= MAX_ATTEMPTS_LIMIT:
        raise InvalidMessage(
            f"max_attempts must be an integer between 1 and {MAX_ATTEMPTS_LIMIT:,}, got {max_attempts!r}"
        )
    return max_attempts


def check_limit(limit: int, name: str = "limit", *, least: int = 1) -> int:
    """Return how many are wanted, at most as many as can be counted.

    Raises:
        InvalidMessage: naming `name`, unless it is a whole number from `least` on.
    """
    if type(limit) is not int or limit < least:
        raise InvalidMessage(f"{name} must be an integer, {least} or more, got {limit!r}")
    return min(limit, sys.maxsize)


def check_patience(seconds: float) -> float:
    """Return for how long a call waits for others to let go of the database, if it is up to 24 days.

    Raises:
        InvalidMessage: when it is negative, longer, or no number.
    """
    if duration_ms(seconds, "timeout") > LONGEST_PATIENCE_S * 1000:
        raise InvalidMessage(f"a timeout of {seconds:g} s is over 24 days: use a shorter one")
    return seconds


def check_seconds(seconds: float, name: str) -> float:
    """Return a number of seconds, of any sign.

    Raises:
        InvalidMessage: naming `name`, when it is not a finite number.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not _is_finite(seconds):
        raise InvalidMessage(f"{name} must be a number of seconds, got {seconds!r}")
    return seconds


def duration_ms(seconds: float, name: str, *, least: float = 0.0) -> int:
    """Turn a duration in seconds into milliseconds, rounded.

    Raises:
        InvalidMessage: naming `name`, when it is negative, below `least`, longer than a hundred years, or no
            number.
    """
    check_seconds(seconds, name)
    if not least <= seconds <= LONGEST_DURATION_S:
        raise InvalidMessage(
            f"{name} of {seconds:g} s is out of range: between {least:g} s and a hundred years"
        )
    return round(seconds * 1000)


def visibility_ms(seconds: float) -> int:
    """Turn a visibility timeout in seconds into milliseconds.

    Raises:
        InvalidMessage: unless it is from 1 ms to 24 hours; longer work extends its lease.
    """
    milliseconds = duration_ms(seconds, "visibility timeout", least=0.001)
    if milliseconds > LONGEST_LEASE_MS:
        raise InvalidMessage(
            f"a visibility timeout of {seconds:g} s is over 24 hours: use a shorter one and extend the lease"
        )
    return milliseconds


def available_at_ms(now_ms: int, delay: float, at: float | datetime.datetime | None) -> int:
    """Return from when a message may be leased, in milliseconds since the epoch.

    Raises:
        InvalidMessage: for a negative delay, a naive datetime, both together, or a time outside the years
            1970 to 9999.
    """
    if at is None:
        return now_ms + duration_ms(delay, "delay") if delay else now_ms
    if delay:
        raise InvalidMessage("delay and at are mutually exclusive: give one of them")
    try:
        return epoch_ms(at)
    except (ValueError, OverflowError, TypeError) as error:
        raise InvalidMessage(f"at: {error}") from error


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False
