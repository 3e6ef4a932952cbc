"""Lets one allocation of memory fail inside a call; `test_memory` runs it.

It needs the interpreter's own test module, and a process of its own: `python -m tests.faults.starved FOLDER
STRIDE FIRST CALL…` prints each call and place before it is struck.
"""

from __future__ import annotations

import gc
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.striking import Blow, struck_places

if TYPE_CHECKING:
    from collections.abc import Callable


def strike(place: int, work: Callable[[], object]) -> Blow:
    """Let the n-th allocation from now on fail, and that one alone."""
    # not every interpreter has it
    testing = importlib.import_module("_testcapi")

    print(place, flush=True)  # noqa: T201 - for the test, should the process die of it
    gc.disable()
    is_told = False
    testing.set_nomemory(place, place + 1)
    try:
        work()
    except Exception:  # noqa: BLE001 - the libraries make this and that of it
        is_told = True
    is_struck = _is_over(place)
    testing.remove_mem_hooks()
    gc.enable()
    return Blow(is_struck, is_told, is_untidy=True)


def _is_over(place: int) -> bool:
    """Return whether the failing allocation is behind us; else it is one of as many more."""
    try:
        for _ in range(place + 1):
            bytearray(1)
    except MemoryError:
        return False
    return True


def main() -> None:
    """Strike the calls that are named at every allocation, or every few; begin the first one at a place."""
    folder, stride, first, names = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    for name in names:
        print(name)  # noqa: T201 - for the test
        for _ in struck_places(name, folder, strike, first=first, stride=stride):
            pass
        first = 0


if __name__ == "__main__":
    main()
