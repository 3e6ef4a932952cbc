"""What the measured workers do with a message: nothing, or a millisecond of waiting."""

from __future__ import annotations

import time

__all__ = ["nothing", "one_millisecond"]


def nothing(_message: object) -> None:
    """Return at once."""


def one_millisecond(_message: object) -> None:
    """Wait as for a short call over a network."""
    time.sleep(0.001)
