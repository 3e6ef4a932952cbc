"""Tracebacks as whoever wrote a handler reads them: without the frames that called it, and never without end.

An error may hold a hundred thousand others, as groups and chains do, or as many frames. Of such a one a part
is shown: to format all of it would take longer than a handler is given to end, and only a few KiB are kept.
"""

from __future__ import annotations

import os
import traceback
from collections import deque
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType, TracebackType

__all__ = ["MOST_ERRORS", "MOST_FRAMES", "formatted", "handlers_part", "summary"]

MOST_ERRORS: Final = 100
"""Errors in a group or a chain, and notes of one, that are formatted in full."""
MOST_FRAMES: Final = 2000
"""The same of frames, of all errors together: twice as many as Python's recursion limit allows one."""
_FRAMES_SHOWN: Final = 30
_ERRORS_SHOWN: Final = 20
_ERRORS_SEEN: Final = 10_000
"""Among which those are looked for that are not groups."""
_TEXT_SHOWN: Final = 500
_OURS: Final = f"{Path(__file__).parents[1]}{os.sep}"
"""Files, as the module that is run has no name of its own."""
_FUTURES: Final = "concurrent.futures."


def handlers_part(trace: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback that begins with the handler; all of it where none is a handler's."""
    found = trace
    while found is not None and _is_callers(found.tb_frame):
        found = found.tb_next
    return found or trace


def summary(error: BaseException) -> str:
    """Return what an error says, without where it was raised."""
    if _is_huge(error):
        return _line(error)
    return "".join(traceback.format_exception_only(error)).strip()


def formatted(error: BaseException) -> str:
    """Return an error with its traceback from the handler on, and with the errors behind it."""
    where = handlers_part(error.__traceback__)
    if not _is_huge(error):
        return "".join(traceback.format_exception(type(error), error, where)).strip()
    frames = traceback.extract_tb(where, -_FRAMES_SHOWN)
    behind = islice(_all_in(error), 1, _ERRORS_SEEN)
    single = (one for one in behind if not isinstance(one, BaseExceptionGroup))
    shown = [_line(one) for one in islice(single, _ERRORS_SHOWN)]
    parts = ["Traceback (the last frames):\n", *frames.format(), _line(error)]
    if shown:
        parts += ["\ncaused by, among other errors:\n", "\n".join(shown)]
    return "".join(parts).strip()


def _is_huge(error: BaseException) -> bool:
    """Return whether formatting an error in full would take long."""
    errors = frames = 0
    for one in _all_in(error):
        errors += 1 + len(_notes(one))
        trace = one.__traceback__
        while trace is not None and frames <= MOST_FRAMES:
            frames += 1
            trace = trace.tb_next
        if errors > MOST_ERRORS or frames > MOST_FRAMES:
            return True
    return False


def _all_in(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it holds, or that it came from, each once."""
    seen: set[int] = set()
    waiting = deque([error])
    while waiting:
        one = waiting.popleft()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            if isinstance(one, BaseExceptionGroup):
                waiting.extend(one.exceptions)
            waiting.extend(found for found in (one.__cause__, one.__context__) if found is not None)


def _notes(error: BaseException) -> Sequence[object]:
    notes = getattr(error, "__notes__", ())
    return notes if isinstance(notes, list | tuple) else ()


def _line(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        text = str(error)[:_TEXT_SHOWN]
    except BaseException:  # noqa: BLE001 - the handler's own code, which may even exit: the name says enough
        text = "<its text is not available>"
    return f"{name}: {text}" if text else name


def _is_callers(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__"))
    return name.startswith(_FUTURES) or frame.f_code.co_filename.startswith(_OURS)
