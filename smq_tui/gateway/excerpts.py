"""What a list shows of a payload that was found by some words: the place where they stand. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from smq_core.safe_text import CUT

if TYPE_CHECKING:
    from smq_core import Message

__all__ = ["around"]

_LEAD: Final = 8
"""Characters shown before the words: few, so that a narrow column has room for them."""
_NARROW: Final = 19
"""Characters of a payload for which the narrowest column has room, beside the mark of a cut."""


def around(message: Message, words: str, limit: int) -> Message:
    """Return a message whose payload, the text of a preview, begins shortly before the words in it.

    Of a payload without them the beginning is kept, of either not much more than `limit` characters.
    """
    text = message.payload
    if not isinstance(text, str):
        return message
    found = re.search(re.escape(words), text, re.IGNORECASE)
    start = 0 if found is None or _is_near(found) else found.start() - _LEAD
    shown = text[start : start + limit + 1]
    return msgspec.structs.replace(message, payload=CUT + shown if start else shown)


def _is_near(found: re.Match[str]) -> bool:
    """Return whether words are seen in the narrowest column though a payload is shown from its beginning."""
    return found.start() <= _LEAD or found.end() <= _NARROW
