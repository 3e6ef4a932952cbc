"""When Python looks for garbage: at times, over what came since the start, never by chance during a key."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["GcPolicy"]

_NEVER: Final = 1_000_000


class GcPolicy:
    """Looks for garbage each time it is called; what lives at the first time is taken for what stays."""

    def __init__(self) -> None:
        young, middle, _ = gc.get_threshold()
        # By itself Python looks at all that has lived for long, for 40 ms and more, in the middle of a key.
        gc.set_threshold(young, middle, _NEVER)
        gc.freeze()
        self._is_first = True

    def __call__(self) -> None:
        """Look over what came since the first time."""
        if self._is_first:
            self._is_first = False
            gc.freeze()
        else:
            gc.collect()
