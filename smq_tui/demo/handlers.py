"""Handlers of the demonstration.

Mostly they work, sometimes they fail, stall, or take their process with them.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from typing import Protocol

__all__ = ["index", "mail", "order", "thumbnail"]


class _Handled(Protocol):
    """What a handler is given, as far as these look at it."""

    id: int
    attempts: int
    payload: object


def order(message: _Handled) -> None:
    """Charge a card: one in fifteen is refused by a service that is not there."""
    _work(0.01, 0.08)
    if isinstance(message.payload, dict) and "ship_to" not in message.payload:
        raise KeyError("ship_to")
    if random.random() < 0.06:
        raise ConnectionRefusedError("payments.example.org:443 refused the connection")


def mail(message: _Handled) -> None:
    """Send a letter: now and then the server is busy, and some addresses do not exist."""
    _work(0.01, 0.05)
    if message.id % 29 == 0:
        raise ValueError("550 no such mailbox")
    if random.random() < 0.08:
        raise TimeoutError("smtp.example.org did not answer in 30 s")


def thumbnail(message: _Handled) -> None:
    """Shrink a picture: some take long, and a broken one kills its process."""
    if message.id % 523 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    _work(0.02, 0.25)
    if message.id % 67 == 0:
        raise OSError("image file is truncated (13 bytes not processed)")


def index(message: _Handled) -> None:
    """Update the search index: quick, and it rarely fails."""
    _work(0.0, 0.01)
    if message.id % 211 == 0 and message.attempts == 1:
        raise RuntimeError("index is being rebuilt")


def _work(shortest: float, longest: float) -> None:
    # An event that nobody sets: a pause that ends with the process.
    threading.Event().wait(random.uniform(shortest, longest))
