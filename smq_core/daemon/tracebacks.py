"""Tracebacks as whoever wrote a handler reads them: without the frames that called it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType, TracebackType

__all__ = ["handlers_part"]

_OURS: Final = f"{Path(__file__).parent}{os.sep}"
"""Files, as the module that is run has no name of its own."""
_FUTURES: Final = "concurrent.futures."


def handlers_part(trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that begins with the handler; all of it where none is a handler's."""
    found = trace
    while found is not None and _is_callers(found.tb_frame):
        found = found.tb_next
    return found or trace


def _is_callers(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name.startswith(_FUTURES) or frame.f_code.co_filename.startswith(_OURS)
