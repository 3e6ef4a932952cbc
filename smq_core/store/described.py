"""The targets of an action, as the activity log keeps them: in the words of the dashboard's filters. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smq_core.format import counted, duration, quoted
from smq_core.safe_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smq_core.store.records import Filter, Selection

__all__ = ["described"]

_LIMIT: Final = 1_000
"""Bytes of it that are kept."""
_NAMED: Final = 5
"""Ids that are named one by one."""


def described(selection: Selection | None, ids: Sequence[int]) -> str:
    """Write which messages were meant: all that matched a selection, or those with some ids."""
    if selection is not None:
        parts = [f"state:{selection.state}"] if selection.state is not None else []
        return clean_text(" ".join(("all", *parts, *_parts(selection.where))), _LIMIT)
    named = ", ".join(map(str, ids[:_NAMED]))
    more = f", … {ids[-1]}" if len(ids) > _NAMED else ""
    return f"message{'' if len(ids) == 1 else 's'} {named}{more}"


def _parts(where: Filter) -> Iterator[str]:
    named = {
        "worker:": where.worker,
        "key:": where.key,
        "error~": where.error,
        "kind:": where.error_kind,
        "age>": None if where.min_age_ms is None else duration(where.min_age_ms / 1000),
        "attempts>": None if where.min_attempts is None else str(where.min_attempts - 1),
    }
    for name, value in named.items():
        if value is not None:
            yield f"{name}{quoted(value)}"
    if where.error_groups is not None:
        yield counted(len(where.error_groups), "group of errors", "groups of errors")
    if where.only_expired:
        yield "expired"
    if where.text:
        yield where.text
