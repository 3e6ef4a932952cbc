"""Imports what a worker process may need later, while only modules of Python's and the daemon's are found.

A file of the user's that has the name of one of these then cannot stand in its place. Whatever the standard
library imports at the top of modules that are loaded anyway needs no mention here.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Final

__all__ = ["LATER", "preload"]

LATER: Final = (
    "ast",  # tracebacks: which part of the line failed
    "concurrent.futures.thread",  # the default executor of an event loop
    "copy",  # copies of weak dictionaries
    "linecache",  # tracebacks: the lines
    "tokenize",  # tracebacks: the encoding of a file
    "tracemalloc",  # warnings about resources
    "unicodedata",  # tracebacks: how wide a line is (from Python 3.13)
)
"""What is imported inside functions of the standard library that a worker process calls."""


def preload() -> None:
    """Import them; what a version of Python does not have, it does not need."""
    for name in LATER:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
