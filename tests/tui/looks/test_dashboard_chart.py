"""The chart shows what is known now, whether the details are shown or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smq_core import Queue
from smq_tui.requests import SamplesOf
from tests.tui.dashboard import FrozenClock, make_dashboard, run, settle, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from smq_tui.app import Dashboard
    from smq_tui.figures.sparkline_series import RateSeries

WITHOUT_DETAILS = (100, 30)
WITH_DETAILS = (170, 40)


class Drawings:
    """What a dashboard draws into its chart."""

    def __init__(self, app: Dashboard) -> None:
        self.trails: list[RateSeries] = []
        show = app.main.chart.show

        def note(title: str, keys: str, series: RateSeries, start: float, end: float) -> None:
            self.trails.append(series)
            show(title, keys, series, start, end)

        app.main.chart.show = note  # type: ignore[method-assign]  # it draws all the same

    @property
    def depth(self) -> float | None:
        """How many messages wait at the end of what was drawn last."""
        return self.trails[-1].depth[-1][1] if self.trails and self.trails[-1].depth else None


@pytest.mark.parametrize("size", [WITHOUT_DETAILS, WITH_DETAILS], ids=["details hidden", "details shown"])
def test_the_chart_follows_what_arrives(size: tuple[int, int], location: str) -> None:
    with Queue(location, clock=FrozenClock()) as queue:
        queue.enqueue("mail", 1)

        async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
            assert app.main.details.is_shown == (size == WITH_DETAILS)
            drawings = Drawings(app)
            await pilot.press("m")
            await until(pilot, lambda: drawings.depth == 1)
            queue.enqueue_many("mail", [2, 3])
            await until(pilot, lambda: drawings.depth == 3)

        run(make_dashboard(location), scenario, size)


@pytest.mark.parametrize("size", [WITHOUT_DETAILS, WITH_DETAILS], ids=["details hidden", "details shown"])
def test_a_move_of_the_cursor_asks_for_the_chart_once(size: tuple[int, int], location: str) -> None:
    with Queue(location, clock=FrozenClock()) as queue:
        for topic in ("invoices", "mail"):
            queue.enqueue(topic, 1)

    async def scenario(app: Dashboard, pilot: Pilot[int]) -> None:
        drawings = Drawings(app)
        await pilot.press("m")
        await until(pilot, lambda: drawings.trails)
        await settle(pilot)
        asked: list[SamplesOf] = []
        ask = app.main.ask

        def note(request: object, *rest: object, **more: object) -> None:
            asked.extend([request] if isinstance(request, SamplesOf) and request.purpose == "chart" else [])
            ask(request, *rest, **more)  # type: ignore[arg-type]  # as it was called

        app.main.ask = note  # type: ignore[method-assign]  # it asks all the same
        await pilot.press("down")
        await until(pilot, lambda: asked)
        await settle(pilot)

        assert [one.topic for one in asked] == [app.main.view.table.cursor_key]

    run(make_dashboard(location), scenario, size)
