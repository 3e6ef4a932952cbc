"""A dashboard on a real queue, at a moment that does not pass, and a way to run a scenario on it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, TypeAlias

from smq_core import Inspector, Queue, SystemClock
from smq_core.store import open_store, parse_location
from smq_core.store.records import WorkerRow
from smq_core.testing import EPOCH_MS, seeded_random
from smq_tui.app import Dashboard
from smq_tui.settings.config import Config
from smq_tui.settings.preferences import Preferences
from smq_tui.settings.session import DashboardSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

    from smq_core import Clock

Scenario: TypeAlias = "Callable[[Dashboard, Pilot[int]], Awaitable[None]]"

__all__ = ["FrozenClock", "SetClock", "add_daemons", "fill", "make_dashboard", "run", "settle", "until"]

TURNS = 4_000
ERRORS = (
    "TimeoutError: smtp.example.org did not answer in 30 s",
    "KeyError: 'customer'",
    "ConnectionRefusedError: payments.example.org:443",
)


class FrozenClock:
    """A wall clock that stands still; what is measured inside the process goes on."""

    def __init__(self, now_ms: int = EPOCH_MS) -> None:
        self._now_ms = now_ms
        self._monotonic = SystemClock()

    def now_ms(self) -> int:
        """Return the moment at which it stands."""
        return self._now_ms

    def monotonic(self) -> float:
        """Return seconds that pass."""
        return self._monotonic.monotonic()


class SetClock(FrozenClock):
    """A wall clock that goes on when it is told to."""

    late_ms = 0

    def now_ms(self) -> int:
        """Return the moment to which it was set."""
        return super().now_ms() + self.late_ms


def fill(location: str, now_ms: int = EPOCH_MS) -> None:
    """Put into a queue what an operator meets: each state, expired leases, a pause, dead letters."""
    early = FrozenClock(now_ms - 600_000)
    with (
        Queue(location, clock=early, worker="worker-1", random=seeded_random()) as queue,
        Inspector(location, clock=early, actor="ann") as inspector,
    ):
        queue.enqueue_many("orders", [{"order": number, "gift": number % 3 == 0} for number in range(40)])
        queue.enqueue_many(
            "mail", [f"letter {number}" for number in range(12)], keys=[f"k{n}" for n in range(12)]
        )
        queue.enqueue_many(
            "invoices", [{"invoice": number} for number in range(6)], headers={"trace": "4f1c"}
        )
        queue.enqueue_many("reports 日本語 😀", [["a", None, 1.5], b"\x00\xff"])
        queue.enqueue("mail", "later", delay=3_600.0)
        for number, lease in enumerate(queue.dequeue("orders", limit=9)):
            queue.bury(lease, error=f"{ERRORS[number % 3]}\n  in handle()")
        queue.dequeue("orders", limit=3, visibility_timeout=30.0)
        queue.dequeue("invoices", limit=2, visibility_timeout=3_600.0)
        queue.requeue(queue.dequeue("mail")[0], delay=1_200.0, error=ERRORS[0])
        inspector.set_policy("done-kept", keep=3_600.0)
        kept = queue.enqueue("done-kept", "finished")
        queue.ack(queue.dequeue("done-kept")[0])
        inspector.pause("mail", "provider is down", (now_ms + 1_800_000) / 1000)
        inspector.delete([kept])


def make_dashboard(
    location: str,
    *,
    clock: Clock | None = None,
    read_only: bool = False,
    config: Config | None = None,
    preferences: Preferences | None = None,
) -> Dashboard:
    """Make a dashboard that remembers nothing."""
    session = DashboardSession(location=parse_location(location), read_only=read_only, interval=0.1)
    return Dashboard(session, clock or FrozenClock(), config or Config(), preferences or Preferences())


def add_daemons(location: str, *ids: str, now_ms: int = EPOCH_MS, **told: object) -> None:
    """Put daemons into a queue, as they would themselves; they tell of themselves what is `told`."""
    store = open_store(location, clock=FrozenClock(now_ms))
    for number, name in enumerate(ids):
        detail = {"topics": ["orders"], "threads": 2, "processed": 10 * number, "running": [], **told}
        store.put_worker(
            WorkerRow(
                id=name,
                host="host",
                pid=4_000 + number,
                version="0.1.0",
                state="running",
                started_at=now_ms - 60_000,
                heartbeat_at=now_ms - 1_000,
                detail=json.dumps(detail),
            )
        )
    store.close()


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    """Let the application go on until something holds."""
    for _ in range(TURNS):
        if condition():
            return
        await pilot.pause()
    raise AssertionError("it never came to hold")


async def settle(pilot: Pilot[int]) -> None:
    """Let the application go on until the view that is shown has its rows."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    view = app.main.view
    await until(
        pilot,
        lambda: (
            app.main.context.trouble
            or (
                (app.main.context.snapshot is not None and not view.is_being_read)
                and getattr(view, "_asked", None) is None
                and (view.table.row_count == 0 or view.table.visible_keys or view.table.size.height <= 1)
            )
        ),
    )
    await pilot.pause()


def run(
    app: Dashboard,
    scenario: Callable[[Dashboard, Pilot[int]], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
) -> None:
    """Run a scenario in a terminal of a size."""

    async def go() -> None:
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await scenario(app, pilot)

    asyncio.run(go())
