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


def around(message: Message, words: str) -> Message:
    """Answer a message whose payload, the text of a preview, begins shortly before the words in it."""
    text = message.payload
    found = re.search(re.escape(words), text, re.IGNORECASE) if isinstance(text, str) else None
    if found is None or not isinstance(text, str) or found.start() <= 2 * _LEAD:
        return message
    return msgspec.structs.replace(message, payload=CUT + text[found.start() - _LEAD :])
