"""The ids that a message or an operation can have: 64 bits with a sign. What is beyond is nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.errors import InvalidMessage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smq_core.store.records import Selection

__all__ = ["HIGHEST_ID", "checked_ids", "is_possible", "listed", "nearest", "within"]

HIGHEST_ID: Final = (1 << 63) - 1


def is_possible(number: int) -> bool:
    """Return whether anything can have this id.

    Raises:
        InvalidMessage: when it is not an integer.
    """
    if not isinstance(number, int):
        raise InvalidMessage(f"id must be an integer, got {number!r}")
    return -HIGHEST_ID <= number <= HIGHEST_ID


def listed(ids: Iterable[int]) -> list[int]:
    """Return ids as a list.

    Raises:
        InvalidMessage: when they are no list of ids but, say, a single one.
    """
    try:
        return list(ids)
    except TypeError as error:
        raise InvalidMessage(f"{ids!r} is not a list of ids: put a single id into a list") from error


def checked_ids(ids: Iterable[int]) -> list[int]:
    """Return ids, the impossible ones left out.

    Raises:
        InvalidMessage: when one is not an integer.
    """
    return [one for one in listed(ids) if is_possible(one)]


def nearest(number: int | None) -> int | None:
    """Return the possible id nearest to a bound: the same messages lie before and after it."""
    if number is None or is_possible(number):
        return number
    return HIGHEST_ID if number > 0 else -HIGHEST_ID


def within(selection: Selection) -> Selection:
    """Return a selection whose highest id is a possible one."""
    if selection.max_id is None or is_possible(selection.max_id):
        return selection
    return msgspec.structs.replace(selection, max_id=nearest(selection.max_id))
