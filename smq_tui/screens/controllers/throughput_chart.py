"""The chart below the list: an hour or a week of the topic that is chosen, or of all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from smq_tui.figures.sparkline_series import RateSeries, at_last, continued, from_samples, total
from smq_tui.requests import SamplesOf
from smq_tui.screens.live_context import SAMPLE_STEP_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from smq_tui.screens.host import Host
    from smq_tui.values import TopicSample
    from smq_tui.widgets.chart import Chart

__all__ = ["ThroughputChart"]

_HOUR_S: Final = 3_600.0
_WEEK_S: Final = 7 * 24 * _HOUR_S
_LONG_STEP_S: Final = 600.0


class ThroughputChart:
    """How much time the chart shows, and of which samples it is drawn."""

    def __init__(self, host: Host, chart: Chart, keys: Mapping[str, str]) -> None:
        self._host = host
        self._chart = chart
        self._key = keys.get("chart", "m")
        self._step: float | None = None
        """Seconds between two samples; None while the chart is closed."""
        self.actions: Mapping[str, Callable[[], object]] = {"chart": self.toggle}

    def toggle(self) -> None:
        """Show an hour, a week, nothing."""
        if self._chart.screen.has_class("-short"):
            self._host.say("the chart needs a terminal of at least 20 lines", "warning")
            return
        self._show({None: SAMPLE_STEP_S, SAMPLE_STEP_S: _LONG_STEP_S}.get(self._step))

    def hide(self) -> bool:
        """Close the chart; False when it is closed already."""
        was_open = self._step is not None
        self._show(None)
        return was_open

    def draw(self) -> None:
        """Ask for the samples of what is chosen, and draw them."""
        step = self._step
        if step is None:
            return
        span = _HOUR_S if step == SAMPLE_STEP_S else _WEEK_S
        topics = self._host.view.topics_meant()
        topic = topics[0] if len(topics) == 1 else None
        wanted = SamplesOf(step, self._host.context.now - span, topic, purpose="chart")
        self._host.ask(wanted, list, partial(self._take, wanted))

    def _show(self, step: float | None) -> None:
        self._step = step
        self._chart.set_class(step is not None, "-open")
        self.draw()

    def _take(self, wanted: SamplesOf, samples: Sequence[TopicSample]) -> None:
        step = wanted.step
        if step != self._step:
            return
        topics = self._host.view.topics_meant()
        series_by_topic = from_samples(samples, step)
        is_hour = step == SAMPLE_STEP_S
        title = topics[0] if len(topics) == 1 else "all topics"
        keys = f"{self._key}: 7 days  Esc: off" if is_hour else f"{self._key}: off"
        if not series_by_topic:
            title += " as seen here"
        context = self._host.context
        series_by_topic = continued(series_by_topic, context.series_by_topic)
        if context.snapshot is not None:
            series_by_topic = continued(series_by_topic, at_last(context.snapshot))
        series = (
            series_by_topic.get(topics[0], RateSeries()) if len(topics) == 1 else total(series_by_topic, step)
        )
        title += ", 1 hour" if is_hour else ", 7 days"
        self._chart.show(title, keys, series, wanted.since, context.now)
