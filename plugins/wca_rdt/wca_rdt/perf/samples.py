"""The samples of one task, made of what was counted for it."""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping, Sequence

from wca_core.builtin.measurement_errors import MEASUREMENT_ERRORS
from wca_core.model.metric import Block, Metric, Series, Value
from wca_core.model.task import Task
from wca_rdt.perf.counting import ALL_CPUS, Counts
from wca_rdt.perf.derived import Derivation
from wca_rdt.perf.descriptions import Descriptions
from wca_rdt.perf.plan import Plan


class TaskSamples:
    """Series are made once, as long as the CPUs are the same."""

    __slots__ = ("_before", "_cpus", "_descriptions", "_plan", "_series", "_then", "task")

    def __init__(self, task: Task, plan: Plan, descriptions: Descriptions) -> None:
        self.task = task
        self._plan = plan
        self._descriptions = descriptions
        self._cpus: KeysView[int] | None = None
        """Those of which `_series` are."""
        self._series: tuple[Series, ...] = ()
        self._before: Mapping[int, Sequence[int]] = {}
        """Totals by CPU, or of `ALL_CPUS`, when ratios were told last."""
        self._then = 0.0
        """When that was read [seconds of a steady clock]."""

    def of_changed(self, task: Task) -> TaskSamples:
        """The same for the task as it is now, which goes on from what was counted before."""
        changed = TaskSamples(task, self._plan, self._descriptions)
        changed._before, changed._then = self._before, self._then
        return changed

    def block(self, counts: Counts, errors: int) -> Block:
        """Counters and factors, and last of all how many measurements failed."""
        values: list[Value] = []
        for cpu, counted in counts.items():
            values += (*self._plan.values(cpu, counted.totals), counted.average, counted.maximum)
        values.append(errors)
        return Block(self._series if counts.keys() == self._cpus else self._series_of(counts), values)

    def derived(self, counts: Counts, now: float, derivation: Derivation) -> Iterator[Block]:
        """Ratios and rates since the last call."""
        before, seconds = self._before, now - self._then
        self._before, self._then = {cpu: counted.totals for cpu, counted in counts.items()}, now
        metrics = self._descriptions.ratios
        found = [
            (metrics[metric.name].series_at(self.task, _levels(cpu)), value)
            for cpu, counted in counts.items()
            if cpu in before
            for metric, value in derivation.between(before[cpu], counted.totals, seconds)
        ]
        if found:
            yield Block(tuple([series for series, _ in found]), [value for _, value in found])

    def _series_of(self, counts: Counts) -> tuple[Series, ...]:
        self._cpus = counts.keys()
        errors = Series(MEASUREMENT_ERRORS, self.task, ("perf",))
        self._series = (*(series for cpu in counts for series in self._series_on(cpu)), errors)
        return self._series

    def _series_on(self, cpu: int) -> list[Series]:
        """Series of its own, not those that `Metric.series` remembers, which would take a kilobyte more of a task."""
        events = (self._plan.events[place] for place in self._plan.places_on(cpu))
        metrics: list[Metric] = [self._descriptions.of_event(event) for event in events]
        metrics += (self._descriptions.factor_average, self._descriptions.factor_maximum)
        return [Series(metric, self.task, _levels(cpu)) for metric in metrics]


def _levels(cpu: int) -> tuple[str, ...]:
    return () if cpu == ALL_CPUS else (str(cpu),)
