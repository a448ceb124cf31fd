"""What was measured in one step, as a detector or allocator sees it: read only, indexed when first asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from wca_core.model.allocation import Allocation
from wca_core.model.metric import Metric, Samples, Value
from wca_core.model.platform import Platform
from wca_core.model.task import Task

Key = tuple[str, str | None, tuple[tuple[str, str], ...]]


@dataclass(eq=False, kw_only=True)
class Snapshot:
    """The samples of this step, the tasks they belong to, and the step before for rates."""

    now: float
    """Unix time of the step [seconds]; may jump."""
    tasks: Sequence[Task]
    samples: Samples
    allocations: Sequence[Allocation] = ()
    """In force; empty unless the agent allocates."""
    platform: Platform | None = None
    """What the machine is made of; None where the kernel does not tell its CPUs."""
    previous: Snapshot | None = field(default=None, repr=False)
    steady: float | None = None
    """The step's time on a clock that does not jump [seconds]; None: `now` serves for it."""

    @property
    def seconds(self) -> float | None:
        """Seconds since the step before; None on the first step."""
        return self._steady - self.previous._steady if self.previous else None

    def value(self, metric: Metric | str, task: Task | None = None, **levels: object) -> Value | None:
        """The value of one series; None if it was not measured in this step."""
        return self._index.get(_key(metric, task, levels))

    def values(self, metric: Metric | str, task: Task | None = None) -> dict[tuple[str, ...], Value]:
        """All series of a metric for this task (None: the host), by the values of its levels in their order."""
        name, task_id = _name(metric), task.task_id if task else None
        return {
            series.level_values or tuple(value for _, value in series.free_labels): value
            for series, value in zip(self.samples.series, self.samples.values, strict=True)
            if series.metric.name == name and (series.task.task_id if series.task else None) == task_id
        }

    def rate(self, metric: Metric | str, task: Task | None = None, **levels: object) -> float | None:
        """The growth per second since the step before; None on the first step or after a reset."""
        if self.previous is None or not self.seconds or self.seconds <= 0:
            return None
        key = _key(metric, task, levels)
        new, old = self._index.get(key), self.previous._index.get(key)
        if new is None or old is None or new < old:
            return None
        return (new - old) / self.seconds

    @property
    def _steady(self) -> float:
        return self.now if self.steady is None else self.steady

    @cached_property
    def _index(self) -> dict[Key, Value]:
        return {
            (
                series.metric.name,
                series.task.task_id if series.task else None,
                tuple(sorted(series.level_labels.items())) if series.level_values or series.free_labels else (),
            ): value
            for series, value in zip(self.samples.series, self.samples.values, strict=True)
        }

    def forget_the_past(self) -> None:
        """Let go of the step before, so that snapshots do not chain up."""
        self.previous = None


def _name(metric: Metric | str) -> str:
    return metric.name if isinstance(metric, Metric) else metric


def _key(metric: Metric | str, task: Task | None, levels: dict[str, object]) -> Key:
    sorted_levels = tuple(sorted((name, str(value)) for name, value in levels.items()))
    return _name(metric), task.task_id if task else None, sorted_levels
