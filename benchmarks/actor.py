"""One producer or consumer of a crowd: says `ready`, waits for `go`, works, prints what it saw as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Literal

from benchmarks.case import opened
from benchmarks.contender import Mode, NotOfferedError

if TYPE_CHECKING:
    from benchmarks.contender import Contender

__all__ = ["Actor", "Seen", "message_name"]

RETRY_S = 0.005
"""Pause after an exception, before the call is made again."""
EMPTY_S = 0.001
"""Pause after a queue said that it is empty."""
IDLE_S = 1.0
"""A consumer whose producers are done ends when it found nothing for so long."""


@dataclass(frozen=True)
class Actor:
    """What one process does."""

    contender: str
    role: Literal["producer", "consumer"]
    name: str
    mode: Mode = "default"
    count: int = 0
    """Messages that a producer adds; 0: as many as the time allows."""
    seconds: float = 30.0
    """When it stops at the latest."""

    def as_argument(self) -> str:
        """Write it for a process's command line."""
        return json.dumps(asdict(self))


@dataclass
class Seen:
    """What one process saw."""

    done: int = 0
    waits_ms: list[float] = field(default_factory=list)
    """From asking until the end of the call, retries included; a consumer's to the end of its ack."""
    names: list[str] = field(default_factory=list)
    """What a consumer was handed."""
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def message(producer: str, number: int) -> str:
    """Make a payload of 200 bytes that says which one it is."""
    name = f"{producer}:{number}"
    return json.dumps({"name": name, "note": "x" * (176 - len(name))})


def produce(actor: Actor, queue: Contender, seen: Seen) -> None:
    """Add messages until the count or the time is reached."""
    start = perf_counter()
    payloads = (queue.prepare(message(actor.name, number)) for number in range(actor.count or 10**9))
    for payload in payloads:
        asked = perf_counter()
        if asked - start > actor.seconds:
            break
        while not _tried(lambda payload=payload: queue.put(payload), seen):
            sleep(RETRY_S)
        seen.waits_ms.append((perf_counter() - asked) * 1000)
        seen.done += 1
    seen.seconds = perf_counter() - start


def consume(actor: Actor, queue: Contender, seen: Seen, done: str) -> None:
    """Take and acknowledge until the time is over, or nothing more comes."""
    start = last = perf_counter()
    while perf_counter() - start < actor.seconds:
        asked = perf_counter()
        taken = _taken(queue, seen)
        if taken is not None:
            seen.names.append(message_name(queue.payload(taken)))
            while not _tried(lambda taken=taken: queue.finish(taken), seen):
                sleep(RETRY_S)
            last = perf_counter()
            seen.waits_ms.append((last - asked) * 1000)
            seen.done += 1
            seen.seconds = last - start
        elif Path(done).exists() and perf_counter() - last > IDLE_S:
            break
        else:
            sleep(EMPTY_S)


def _taken(queue: Contender, seen: Seen) -> object | None:
    answers: list[object] = []
    while not _tried(lambda: answers.append(queue.take()), seen):
        sleep(RETRY_S)
    return answers[0]


def _tried(call: object, seen: Seen) -> bool:
    """Make a call; what it raises is counted, whatever it is, as the peers raise errors of all kinds."""
    try:
        call()  # type: ignore[operator]  # a lambda
    except NotOfferedError:
        raise
    except Exception as error:  # noqa: BLE001 - every kind is counted and shown in the report
        seen.errors[f"{type(error).__name__}: {error}"[:80]] += 1
        return False
    return True


def message_name(payload: object) -> str:
    """Read the name that `message` gave a payload."""
    value = json.loads(payload) if isinstance(payload, str) else payload
    assert isinstance(value, dict)
    return str(value["name"])


def main() -> None:
    """Run the actor that the command line names, in the folder that it names."""
    actor, folder = Actor(**json.loads(sys.argv[1])), sys.argv[2]
    queue = opened(actor.contender, folder, actor.mode)
    seen = Seen()
    print("ready", flush=True)
    sys.stdin.readline()
    if actor.role == "producer":
        produce(actor, queue, seen)
    else:
        consume(actor, queue, seen, f"{folder}/producers-are-done")
    # not by `asdict`, which makes a counter of pairs of a counter
    print(json.dumps(vars(seen)), flush=True)
    queue.close()


if __name__ == "__main__":
    main()
