"""A producer of the demonstration, run as its own process.

`python -m smq_tui.demo.producer DATABASE SEED`.
"""

from __future__ import annotations

import os
import random
import sys
import threading

from smq_core import Queue
from smq_tui.demo.texts import TOPICS, WEIGHTS, make_payload

__all__ = ["produce"]

_PAUSE_S = 0.25


def produce(location: str, seed: int) -> None:
    """Enqueue a few messages several times a second, until the process that started this one is gone."""
    chance = random.Random(seed)
    parent = os.getppid()
    number = seed
    with Queue(location) as queue:
        while os.getppid() == parent:
            for topic in chance.choices(TOPICS, WEIGHTS, k=chance.randint(2, 9)):
                number += 1
                delay = 20.0 if topic == "mail" and chance.random() < 0.05 else 0.0
                headers = {"trace": f"{chance.getrandbits(64):016x}"}
                queue.enqueue(topic, make_payload(topic, number, chance), delay=delay, headers=headers)
            threading.Event().wait(_PAUSE_S)


if __name__ == "__main__":
    produce(sys.argv[1], int(sys.argv[2]))
