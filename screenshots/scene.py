"""A queue as an operator may find it, at a moment that does not pass."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from smq_core import Inspector, Queue, SystemClock
from smq_core.store import open_store
from smq_core.store.records import Sample, WorkerRow
from smq_tui.demo.texts import make_payload

if TYPE_CHECKING:
    from smq_core import Payload

NOW_MS = 1_795_528_931_000
MISSING = "KeyError: 'ship_to'"
CITIES = ("Lisbon", "Graz", "Tromsø", "Łódź", "Osaka", "Accra", "Montréal", "Split")
ERRORS = (
    ("orders", "ConnectionRefusedError: payments.example.org:443 refused the connection", 37),
    ("orders", MISSING, 5),
    ("mail", "ValueError: 550 no such mailbox", 25),
    ("mail", "TimeoutError: smtp.example.org did not answer in 30 s", 4),
    ("thumbnails", "OSError: image file is truncated (13 bytes not processed)", 8),
    ("thumbnails", "poison: crashed its worker 3 times (SIGKILL)", 1),
)
TRACE = '\n  File "shop/handlers.py", line 42, in handle\n    charge(message.payload)\n'


class FrozenClock:
    """A wall clock that stands still."""

    def __init__(self, ago_s: float = 0.0) -> None:
        self._now_ms = NOW_MS - round(ago_s * 1000)
        self._monotonic = SystemClock()

    def now_ms(self) -> int:
        """Return the moment at which it stands."""
        return self._now_ms

    def monotonic(self) -> float:
        """Return seconds that pass."""
        return self._monotonic.monotonic()


def fill(location: str) -> None:
    """Put all of it into a new queue."""
    chance = random.Random(11)
    dead(location, chance)
    death(location)
    with Queue(location, clock=FrozenClock(75), random=chance) as queue:
        for topic, number in (
            ("orders", 184),
            ("mail", 63),
            ("invoices", 212),
            ("search-index", 12),
            ("этикетки", 7),
        ):
            queue.enqueue_many(topic, payloads(topic, number, chance))
        queue.enqueue_many(
            "reports", [{"report": "weekly sales", "week": week} for week in range(9)], delay=5_400
        )
    held(location, chance)
    with Inspector(location, clock=FrozenClock(240), actor="ann") as inspector:
        inspector.pause("mail", "provider is down", (NOW_MS + 1_500_000) / 1000)
        inspector.requeue([1, 2, 3])
    with Inspector(location, clock=FrozenClock(120), actor="ben") as inspector:
        inspector.delete([60, 61])
    daemons(location)


def payloads(topic: str, number: int, chance: random.Random, error: str = "") -> list[Payload]:
    """Make messages of a topic that die of an error, or of none."""
    if topic == "этикетки":
        return [{"кому": "Дмитрий", "город": "Łódź", "посылка": n} for n in range(number)]
    made = [_drawn(make_payload(topic, n, chance)) for n in range(number)]
    if topic != "orders":
        return made
    return [_shipped(payload, "" if error == MISSING else chance.choice(CITIES)) for payload in made]


def _shipped(payload: Payload, city: str) -> Payload:
    """Have an order say where to ship to, or have it say nothing of that."""
    if not isinstance(payload, dict):
        raise TypeError(f"an order is an object, not {payload!r}")
    order, customer, *others = payload.items()
    where = [("ship_to", city)] if city else []
    return dict([order, customer, *where, *(one for one in others if one[0] != "ship_to")])


def _drawn(payload: Payload) -> Payload:
    """Put a name that the font of the pictures has the letters of in the place of one that it has not."""
    drawn: Payload = msgspec.json.decode(msgspec.json.encode(payload).decode().replace("李娜", "Lina"))
    return drawn


def dead(location: str, chance: random.Random) -> None:
    """Let messages die."""
    for topic, error, number in ERRORS:
        for ago_s in (5_400.0, 1_260.0, 190.0):
            with Queue(location, clock=FrozenClock(ago_s), random=chance, worker="vm:4107:a3c8") as queue:
                queue.enqueue_many(
                    topic,
                    payloads(topic, max(1, number // 3), chance, error),
                    headers={"trace": "5b1e9c04d2"},
                )
                for lease in queue.dequeue(topic, limit=max(1, number // 3)):
                    queue.bury(lease, error=error + TRACE)


def death(location: str) -> None:
    """Have the activity tell of a daemon that died."""
    store = open_store(location, clock=FrozenClock())
    died = datetime.fromtimestamp((NOW_MS - 5_460_000) / 1000, UTC)
    store.note(
        "daemon died",
        actor="vm:3611:0be2",
        topic=None,
        changed=2,
        detail=f"killed or crashed; last heartbeat at {died:%Y-%m-%dT%H:%M:%SZ}; it served thumbnails",
        now_ms=NOW_MS - 5_460_000,
    )
    store.close()


def held(location: str, chance: random.Random) -> None:
    """Lease messages: some by a printer that died, some by a daemon at work."""
    with Queue(location, clock=FrozenClock(9), random=chance, worker="vm:4107:a3c8") as queue:
        queue.dequeue("orders", limit=4, visibility_timeout=30)
        queue.dequeue("search-index", limit=2, visibility_timeout=60)
    with Queue(location, clock=FrozenClock(70), random=chance, worker="printer-1177") as queue:
        queue.dequeue("invoices", limit=3, visibility_timeout=30)


def daemons(location: str) -> None:
    """Write what daemons would: their rows, and an hour of samples."""
    store = open_store(location, clock=FrozenClock())
    running = [{"id": 241 + n, "topic": "orders", "since": NOW_MS - 9_000, "pid": 4111} for n in range(4)]
    portrait = {
        "topics": ["orders", "mail", "thumbnails", "search-index"],
        "threads": 3,
        "processes": [{"pid": 4111, "in_flight": 4, "memory": 41_000_000}, {"pid": 4112, "in_flight": 2}],
        "running": running,
        "processed": 182_407,
        "failed": 214,
        "rate": 38.2,
        "memory": 96_000_000,
    }
    for worker_id, pid, silent_ms in (("vm:4107:a3c8", 4107, 900), ("vm:3920:77d0", 3920, 412_000)):
        store.put_worker(
            WorkerRow(
                id=worker_id,
                host="vm",
                pid=pid,
                version="0.1.0",
                state="running",
                started_at=NOW_MS - 9_400_000,
                heartbeat_at=NOW_MS - silent_ms,
                detail=json.dumps(
                    portrait if silent_ms < 10_000 else {**portrait, "running": [], "rate": 0.0}
                ),
            )
        )
    depths = {one.topic: one.ready + one.delayed + one.processing for one in store.topics(NOW_MS)}
    for step in range(360, -1, -1):
        at = NOW_MS - step * 10_000
        if not 150 < step < 170:
            store.add_samples(
                [
                    sample(at, step, topic, depths[topic])
                    for topic in ("orders", "mail", "search-index", "invoices")
                ],
                10_000,
                0,
            )
    store.close()


def sample(at: int, step: int, topic: str, depth: int) -> Sample:
    """Return a topic's figures of one moment; at the last one `depth` is what it holds."""
    speed = {"orders": 18, "mail": 6, "search-index": 31, "invoices": 2}[topic]
    elapsed = 360 - step
    entered = round(elapsed * 10 * speed + speed * 60 * math.sin(elapsed / 21))
    swing = min(30, depth / 2)
    waiting = depth + swing * (math.sin(elapsed / 33 + speed) - math.sin(360 / 33 + speed))
    return Sample(
        at=at,
        topic=topic,
        entered=entered + 4_000,
        processed=entered + 4_000 - round(waiting),
        depth=round(waiting),
    )
