"""The handlers of the tortured daemons; copied beside the database, since a daemon finds them in its folder.

Each run notes its start, that it is still alive, and its end, with the delivery it was given and the daemon
that gave it. Where the file `calm` lies, every handler behaves.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smq_core.handler import HandlerMessage

TICK_S = 0.1
SLOW_S = 12.0
chance = random.Random()  # noqa: S311 - no secret
journal = os.open("journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def note(what: str, message: HandlerMessage) -> None:
    """Write down what happens to a message."""
    entry = {"at": time.monotonic(), "who": f"daemon-{os.getppid()}", "pid": os.getpid(), "what": what}
    facts = {"id": message.id, "delivery": message.deliveries}
    os.write(journal, (json.dumps(entry | facts) + "\n").encode())


def calm() -> bool:
    """Look whether the torture is over."""
    return os.path.exists("calm")  # noqa: PTH110 - called at each message


def at_work(message: HandlerMessage, seconds: float) -> None:
    """Work for a while, and note that it goes on."""
    note("run", message)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        threading.Event().wait(min(left, TICK_S))
        note("tick", message)


def good(message: HandlerMessage) -> None:
    """Do what is asked."""
    at_work(message, chance.random() * 0.02)
    note("ran", message)


def slow(message: HandlerMessage) -> None:
    """Take longer than a lease."""
    at_work(message, 0.05 if calm() else chance.random() * SLOW_S)
    note("ran", message)


def failing(message: HandlerMessage) -> None:
    """Fail half of the time."""
    at_work(message, chance.random() * 0.02)
    if chance.random() < 0.5 and not calm():
        note("failed", message)
        raise ValueError("as it happens")
    note("ran", message)


def crashing(message: HandlerMessage) -> None:
    """Take the process along, now and then."""
    at_work(message, chance.random() * 0.02)
    if chance.random() < 0.1 and not calm():
        note("failed", message)
        os.kill(os.getpid(), 9)
    note("ran", message)


def exiting(message: HandlerMessage) -> None:
    """End the thread or the process by an exit, now and then."""
    at_work(message, chance.random() * 0.02)
    if not calm():
        if chance.random() < 0.1:
            note("failed", message)
            sys.exit("enough")
        if chance.random() < 0.03:
            note("failed", message)
            os._exit(0)
    note("ran", message)
