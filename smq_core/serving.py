"""Whether a daemon serves a topic: what its patterns cover, how long it may be silent. It reads no rows."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["SILENT_S", "covers", "is_pattern"]

SILENT_S: Final = 15.0
"""Seconds without a heartbeat after which a daemon is taken for lost."""
_WILDCARD: Final = "*"
_KEPT: Final = 1_024
"""Expressions that are remembered: a dashboard asks for all topics of all daemons each second."""


def is_pattern(text: str) -> bool:
    """Say whether a handler's topic stands for several."""
    return _WILDCARD in text


def covers(pattern: str, topic: str) -> bool:
    """Say whether a handler's topic or pattern takes a topic; nothing but `*` is special in it."""
    if not is_pattern(pattern):
        return pattern == topic
    return _expression(pattern).fullmatch(topic) is not None


@lru_cache(maxsize=_KEPT)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split(_WILDCARD)), re.DOTALL)
