"""What the system allows a process: noted once, and put back where a handler took some of it away."""

from __future__ import annotations

import resource
from typing import Final

__all__ = ["ResourceLimits"]

_NAMES: Final = (
    "RLIMIT_AS",
    "RLIMIT_CPU",
    "RLIMIT_DATA",
    "RLIMIT_FSIZE",
    "RLIMIT_NOFILE",
    "RLIMIT_NPROC",
    "RLIMIT_STACK",
)


class ResourceLimits:
    """The limits of this process at one moment."""

    def __init__(self) -> None:
        """Note them as they are."""
        numbers = (getattr(resource, name, None) for name in _NAMES)
        self._noted = {number: resource.getrlimit(number) for number in numbers if number is not None}

    def are_back(self) -> bool:
        """Put back what was changed; return whether that could be done.

        Limits are inherited by commands. Who is not root cannot raise one whose upper bound was lowered.
        """
        for number, noted in self._noted.items():
            if resource.getrlimit(number) != noted:
                try:
                    resource.setrlimit(number, noted)
                except (OSError, ValueError):
                    return False
        return True
