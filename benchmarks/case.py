"""Runs one case in a process of its own, pinned to a core, on a fresh folder; prints its figures as JSON.

It is also what runs inside the peers' environments, so it imports nothing but the standard library and the
contender that it measures.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.contender import Contender, Mode, NotOfferedError
from benchmarks.loops import LOOPS, fill

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Case", "opened", "payload_of"]

SPARE = 1_000
"""Messages waiting beyond those that a loop takes, for its warm-up and its check."""


@dataclass(frozen=True)
class Case:
    """One loop of one contender."""

    contender: str
    """Module and class of its adapter in `contenders`, as `bare:Bare`; `c_loop` is the C loop."""
    loop: str
    mode: Mode
    count: int
    batch: int = 1
    waiting: int = 0
    """Messages waiting when the loop begins, beside those that it takes."""
    payload_bytes: int = 200
    core: int | None = 0

    def as_argument(self) -> str:
        """Write the case for a process's command line."""
        return json.dumps(asdict(self))


def payload_of(size: int) -> str:
    """Make a JSON text of exactly so many bytes."""
    frame = '{"job":"resize","id":12345,"note":""}'
    return frame[:-2] + "x" * (size - len(frame)) + frame[-2:]


def run(case: Case, folder: str) -> Mapping[str, object]:
    """Run a case; answers what it measured."""
    payload = payload_of(case.payload_bytes)
    takes = 0 if case.loop.startswith("enqueue") else case.count + max(SPARE, case.batch)
    waiting = case.waiting + takes
    if case.contender == "c_loop":
        seconds: float = import_module("benchmarks.contenders.c_loop").seconds(case, folder, payload, waiting)
        return {"per_second": case.count / seconds}
    queue = opened(case.contender, folder, case.mode)
    if waiting:
        fill(queue, waiting, queue.prepare(payload))
        queue.close()
        queue = opened(case.contender, folder, case.mode)
    seconds = LOOPS[case.loop](queue, case.count, case.batch, queue.prepare(payload))
    settings = queue.settings()
    queue.close()
    return {"per_second": case.count / seconds, **settings}


def opened(contender: str, folder: str, mode: Mode) -> Contender:
    """Open a contender by the name of its adapter."""
    module, _, name = contender.partition(":")
    adapter = getattr(import_module(f"benchmarks.contenders.{module}"), name)
    queue = adapter(folder, mode)
    assert isinstance(queue, Contender)
    return queue


def main() -> None:
    """Run the case that the command line names, in the folder that it names."""
    case, folder = Case(**json.loads(sys.argv[1])), sys.argv[2]
    if case.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {case.core})
    try:
        result = run(case, folder)
    except NotOfferedError as error:
        result = {"not_offered": str(error)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
