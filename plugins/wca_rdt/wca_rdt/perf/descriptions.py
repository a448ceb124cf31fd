"""What `perf` yields, described; each CPU by itself if the user wants that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from wca_core.builtin.measurement_errors import MEASUREMENT_ERRORS
from wca_core.model.metric import Merge, Metric, counter, gauge
from wca_rdt.perf.catalogue import CLOCKS, EVENTS
from wca_rdt.perf.derived import RATIOS
from wca_rdt.perf.events import Event
from wca_rdt.perf.models import HELP

FACTOR_AVERAGE = Metric(
    "task_scaling_factor_avg",
    "By how much counts were extrapolated in this step because counters were shared; 1: not at all.",
    gauge,
    merge=Merge.MEAN,
)
FACTOR_MAXIMUM = Metric("task_scaling_factor_max", "The same on the CPU where it was most.", gauge, merge=Merge.MAX)
DESCRIPTORS = Metric("wca_perf_fds", "File descriptors that the counters of tasks hold.", gauge)


class Descriptions:
    """The metrics of one configuration: with the level `cpu` unless CPUs are added up."""

    def __init__(self, *, aggregates: bool) -> None:
        self._levels = () if aggregates else ("cpu",)
        self.factor_average = self._leveled(FACTOR_AVERAGE)
        self.factor_maximum = self._leveled(FACTOR_MAXIMUM)
        self.ratios = {ratio.metric.name: self._leveled(ratio.metric) for ratio in RATIOS}
        self._counters: dict[str, Metric] = {}

    def of_event(self, event: Event) -> Metric:
        return self._counter(event.name, event.help)

    def every(self, events: Iterable[Event]) -> list[Metric]:
        """All that have a name, and these events."""
        metrics = {metric.name: metric for metric in (*self._known(), *map(self.of_event, events))}
        return [
            *metrics.values(),
            *(self.factor_average, self.factor_maximum, *self.ratios.values()),
            *(DESCRIPTORS, MEASUREMENT_ERRORS),
        ]

    def _known(self) -> Iterator[Metric]:
        for name, known in EVENTS.items():
            yield self._counter(name, known.help)
        for name, text in HELP.items():
            yield self._counter(name, text)

    def _counter(self, name: str, text: str) -> Metric:
        """The same object for one name: series are of metrics, not of names."""
        if name not in self._counters:
            unit = "seconds" if name in CLOCKS else "numeric"
            self._counters[name] = Metric(name, text, counter, unit=unit, levels=self._levels, merge=Merge.SUM_COUNTER)
        return self._counters[name]

    def _leveled(self, metric: Metric) -> Metric:
        return replace(metric, levels=self._levels) if self._levels else metric
