"""Kills a child process at its n-th write, flush, truncation or deletion below SQLite."""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import TYPE_CHECKING

from tests.faults.below.vfs import observed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.below.vfs import Call, Observer

_EFFECTS = ("write", "sync", "truncate", "delete")


def run_killed_at(effect: int, work: Callable[[], object]) -> bool:
    """Run `work` in a forked child that dies before its n-th effect on a disk; say whether it did."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with observed(_killer(effect)):
                work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed before it could be killed"
    return os.WIFSIGNALED(status)


def every_kill(work: Callable[[], object], renew: Callable[[], object], *, stride: int = 1) -> Iterator[int]:
    """Kill `work` at its first effect, a stride later and so on until it ends alive, after `renew` each."""
    for effect in count(1, stride):
        renew()
        if not run_killed_at(effect, work):
            return
        yield effect


def _killer(effect: int) -> Observer:
    left = effect

    def kill(call: Call) -> None:
        nonlocal left
        left -= call.kind in _EFFECTS
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return kill
