"""The source of receipts and jitter: one generator per process, which nothing else seeds.

A forked child seeds it again. It is not the system's generator at each call, which costs more than all of
Python's part of a lease (2.5 µs, measured); and not `random`'s own, since a program that seeds it in two
workers would give both the same receipts.
"""

from __future__ import annotations

import os
import random
from typing import Final

__all__ = ["process_random"]

_GENERATOR: Final = random.Random()  # noqa: S311  # a receipt is told from others, not kept secret


def process_random() -> random.Random:
    """Return this process's generator."""
    return _GENERATOR


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_GENERATOR.seed)
