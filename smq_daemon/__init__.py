"""Starts `smq-daemon`: handles signals first, then imports the daemon, which takes several times as long.

It stands outside `smq_core`, as nothing in there can run before the engine is imported.

__main__  the same by `python -m smq_daemon`
"""

from __future__ import annotations

import faulthandler
import signal
import sys
from typing import Final

__all__ = ["main"]

_HEARD: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Run smq-daemon; signals that arrive before its loop turns are kept for it."""
    arrived: list[int] = []
    for number in _HEARD:
        signal.signal(number, lambda number, _: arrived.append(number))
    if sys.stderr is None:
        # nobody can read the stacks, which is not a reason to end
        signal.signal(signal.SIGQUIT, lambda *_: None)
    else:
        faulthandler.register(signal.SIGQUIT, all_threads=True)
    from smq_core.daemon.main import main as run  # noqa: PLC0415 - imported at the top, a signal meanwhile would end it

    run(arrived)
