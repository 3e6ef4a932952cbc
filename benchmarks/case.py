"""Runs one case in a process of its own, pinned to a core; prints its figures as JSON.

It is also what runs inside the peers' environments, so it imports nothing but the standard library and the
contender that it measures.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.contender import Contender, Mode, NotOfferedError
from benchmarks.loops import LOOPS, WARM_UP, Timed, fill

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Case", "opened", "opened_to_fill", "payload_of"]

C_LOOP = "c_loop"
TAKING = ("dequeue_ack", "exchange", "batches")


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
    cap_s: float = 60.0
    """When the loop stops though it has not done all."""
    seed: str = ""
    """A folder that is filled once and used again by every round; empty: a fresh one."""
    is_slow: bool = False
    """Each flush to the disk takes 5 ms longer."""

    def as_argument(self) -> str:
        """Write the case for a process's command line."""
        return json.dumps(asdict(self))


def payload_of(size: int) -> str:
    """Make a JSON text of exactly so many bytes."""
    frame = '{"job":"resize","id":12345,"note":""}'
    return frame[:-2] + "x" * (size - len(frame)) + frame[-2:]


def opened(contender: str, folder: str, mode: Mode) -> Contender:
    """Open a contender by the name of its adapter."""
    module, _, name = contender.partition(":")
    adapter = getattr(import_module(f"benchmarks.contenders.{module}"), name)
    queue = adapter(folder, mode)
    assert isinstance(queue, Contender)
    return queue


def opened_to_fill(contender: str, folder: str) -> Contender:
    """Open a contender in the mode in which it is filled fastest."""
    module, _, name = contender.partition(":")
    mode = getattr(import_module(f"benchmarks.contenders.{module}"), name).fill_mode
    return opened(contender, folder, "normal" if mode == "normal" else "default")


def prepare(case: Case, folder: str) -> None:
    """Put in what has to wait when the loop begins; a seed only once."""
    mark = Path(folder, "filled")
    # the warm-up takes some too, and the check after the loop one more
    takes = case.count + min(WARM_UP, case.count) + case.batch + 1
    waiting = case.waiting + (takes if case.loop in TAKING else 0)
    if not waiting or mark.exists():
        return
    if case.contender == C_LOOP:
        import_module("benchmarks.contenders.c_loop").fill(folder, waiting, payload_of(case.payload_bytes))
    else:
        queue = opened_to_fill(case.contender, folder)
        fill(queue, waiting, queue.prepare(payload_of(case.payload_bytes)))
        queue.close()
    mark.write_text(f"{waiting} {_bytes(folder)}", encoding="utf-8")


def run(case: Case, folder: str) -> Mapping[str, object]:
    """Run a case's loop; answers what it measured."""
    payload = payload_of(case.payload_bytes)
    settings: Mapping[str, str] = {}
    if case.contender == C_LOOP:
        seconds: float = import_module("benchmarks.contenders.c_loop").seconds(case, folder, payload)
        timed = Timed(case.count, seconds)
        settings = {"journal": "wal", "synchronous": "NORMAL" if case.mode == "normal" else "FULL"}
    else:
        queue = opened(case.contender, folder, case.mode)
        timed = LOOPS[case.loop](queue, case.count, case.batch, queue.prepare(payload), case.cap_s)
        settings = queue.settings()
        queue.close()
    return {
        "per_second": timed.messages / timed.seconds,
        "bytes_a_message": _bytes_a_message(folder),
        **settings,
    }


def _bytes(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).iterdir() if path.is_file())


def _bytes_a_message(folder: str) -> float:
    """Return what the folder held for each message when it had been filled."""
    mark = Path(folder, "filled")
    if not mark.exists():
        return 0.0
    waiting, size = mark.read_text(encoding="utf-8").split()
    return int(size) / int(waiting)


def main() -> None:
    """Prepare or run the case that the command line names, in the folder that it names."""
    step, case, folder = sys.argv[1], Case(**json.loads(sys.argv[2])), sys.argv[3]
    if case.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {case.core})
    try:
        result: Mapping[str, object] = {}
        if step == "prepare":
            prepare(case, folder)
        else:
            result = run(case, folder)
    except NotOfferedError as error:
        result = {"not_offered": str(error)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
