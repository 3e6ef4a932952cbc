"""Refuses topics that there are not: a typing error must not look like success."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from smq_core.errors import SmqError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_core.inspector import Inspector

__all__ = ["check_known", "unknown"]


def check_known(view: Inspector, topic: str | None, *, advice: str = "") -> None:
    """Check that a topic, if one is named, has or had messages, a policy or a pause.

    Raises:
        SmqError: when nothing is known of it, with the names that it may be a typing error of.
    """
    if topic is not None and topic not in (names := view.topic_names()):
        raise SmqError(unknown(topic, names) + advice)


def unknown(topic: str, names: Sequence[str]) -> str:
    """Return the sentence that a topic does not exist, with those that have similar names."""
    folded = {name.casefold(): name for name in names}
    close = [folded[one] for one in difflib.get_close_matches(topic.casefold(), folded)]
    meant = f": did you mean {' or '.join(close)}?" if close else ": see `smq topics`"
    return f"there is no topic {topic}{meant}"
