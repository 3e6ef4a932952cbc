"""How deeply payloads may be nested so that a consumer can still decode them inside its own calls."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["DEPTH_LIMIT", "FLAT", "TOO_DEEP", "is_decoded_too_deep", "is_text_too_deep", "is_too_deep"]

DEPTH_LIMIT: Final = 200
"""Levels of nesting of a payload: who takes a message may stand deeper in its stack than who sent it."""
FLAT: Final = 2 * DEPTH_LIMIT
"""Bytes of JSON that cannot be nested any deeper: each level has two brackets."""
TOO_DEEP: Final = f"the payload is nested too deeply: flatten it to at most {DEPTH_LIMIT} levels"

_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]', re.DOTALL)


def is_too_deep(value: object) -> bool:
    """Return whether a value has more levels of lists and dicts than are kept, level by level."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEPTH_LIMIT):
        level = [
            item
            for one in level
            for item in (one.values() if isinstance(one, dict) else one)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def is_decoded_too_deep(text: str | bytes, value: object) -> bool:
    """Look whether JSON that could be decoded has more levels than are kept.

    Where the decoder gives up depends on the Python and on how deep its caller stands; this does not. Hardly
    any JSON has enough opening brackets to be looked at level by level.
    """
    if len(text) <= FLAT:
        return False
    brackets = (
        text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")
    )
    return brackets > DEPTH_LIMIT and is_too_deep(value)


def is_text_too_deep(body: str | bytes) -> bool:
    """Report the same of JSON that is too deep to be decoded where we stand."""
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += (bracket in "[{") - (bracket in "]}")
        if depth > DEPTH_LIMIT:
            return True
    return False
