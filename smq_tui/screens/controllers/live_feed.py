"""Shows each refresh, and each second that passes, in the views, the lines, the details and the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smq_tui.messages import Refreshed
    from smq_tui.screens.controllers.details import Details
    from smq_tui.screens.controllers.throughput_chart import ThroughputChart
    from smq_tui.screens.host import ViewHost
    from smq_tui.screens.list_and_details import ListAndDetails
    from smq_tui.screens.live_context import LiveContext
    from smq_tui.values import TopicSample

__all__ = ["LiveFeed"]


class LiveFeed:
    """What is known, brought up to date and shown; nothing of it while refreshing is paused."""

    def __init__(
        self,
        host: ViewHost,
        live: LiveContext,
        details: Details,
        chart: ThroughputChart,
        body: ListAndDetails,
    ) -> None:
        self._host = host
        self._live = live
        self._details = details
        self._chart = chart
        self._body = body

    def take(self, event: Refreshed) -> None:
        """Show what was read, or that nothing could be."""
        if self._host.session.is_refresh_paused and self._live.context.snapshot is not None:
            return
        has_news = event.reading is not None and event.has_changed
        if has_news:
            # Asked for first, the rows of before are not judged by the new time.
            self._host.view.renew()
        self._live.take(event.reading, event.trouble)
        self._show()
        if has_news:
            self._details.update()
            self._chart.draw()

    def tick(self) -> None:
        """Show that a second has passed."""
        if self._host.session.is_refresh_paused:
            self._host.show_lines()
            return
        self._live.tick()
        self._show()
        self.ask_for_samples()
        self._details.tick()

    def ask_for_samples(self) -> None:
        """Ask for a daemon's samples, unless those that are known are new enough."""
        wanted = self._live.samples_wanted()
        if wanted is not None:
            self._host.ask(wanted, list, self._take_samples)

    def _take_samples(self, samples: Sequence[TopicSample]) -> None:
        self._live.take_samples(samples)
        if self._live.context.snapshot is not None:
            self._show()

    def _show(self) -> None:
        with self._body.app.batch_update():
            for view in self._host.views.values():
                view.show(self._live.context)
            self._host.show_lines()
