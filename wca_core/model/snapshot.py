"""What was measured in one step, as a detector or allocator sees it: read only, indexed when first asked.

Where a series stands is found out once for a list of series, not once a step: as long as the very same
list comes again, a step has only its values looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.metric import Metric, Samples, Series, Value
from wca_core.model.platform import Platform
from wca_core.model.task import Task

Owner = tuple[str, str | None]
"""Name of a metric and id of a task; None: the host."""
Levels = tuple[tuple[str, str], ...]
"""Names and values, sorted by name."""


class _Places:
    """Where in one list of series each of them stands."""

    def __init__(self, series: Sequence[Series]) -> None:
        self.series = series

    @cached_property
    def of_series(self) -> dict[tuple[Owner, Levels], int]:
        """Of equal series the last."""
        return {(_owner(series), _levels(series)): at for at, series in enumerate(self.series)}

    @cached_property
    def of_metric(self) -> dict[Owner, list[int]]:
        """All series of a metric."""
        places: dict[Owner, list[int]] = {}
        for at, series in enumerate(self.series):
            places.setdefault(_owner(series), []).append(at)
        return places


@dataclass(eq=False, kw_only=True)
class Snapshot:
    """The samples of this step, the tasks they belong to, and the step before for rates."""

    now: float
    """Unix time just before the step measured [seconds]; may jump."""
    tasks: Sequence[Task]
    samples: Samples
    allocations: Sequence[Allocation] = ()
    """In force; empty unless the agent allocates. Of one task: `allocations_of`, `allocation`."""
    platform: Platform | None = None
    """What the machine is made of; None where the kernel does not tell its CPUs."""
    previous: Snapshot | None = field(default=None, repr=False)
    steady: float | None = None
    """The step's time on a clock that does not jump [seconds]; None: `now` serves for it."""

    _places: _Places = field(init=False, repr=False)

    def __post_init__(self) -> None:
        before = self.previous._places if self.previous is not None else None
        is_same = before is not None and before.series is self.samples.series
        self._places = before if before is not None and is_same else _Places(self.samples.series)

    @property
    def seconds(self) -> float | None:
        """Seconds since the step before; None on the first step."""
        return self._steady - self.previous._steady if self.previous else None

    def value(self, metric: Metric | str, task: Task | None = None, **levels: object) -> Value | None:
        """The value of one series; None if it was not measured in this step."""
        return self._at(_key(metric, task, levels))

    def values(self, metric: Metric | str, task: Task | None = None) -> dict[tuple[str, ...], Value]:
        """All series of a metric for this task (None: the host), by the values of its levels in their order."""
        series, values = self.samples.series, self.samples.values
        return {
            _level_values(series[at]): values[at] for at in self._places.of_metric.get(_key(metric, task, {})[0], ())
        }

    def rate(self, metric: Metric | str, task: Task | None = None, **levels: object) -> float | None:
        """The growth per second since the step before; None on the first step or after a reset."""
        if self.previous is None or not self.seconds or self.seconds <= 0:
            return None
        key = _key(metric, task, levels)
        new, old = self._at(key), self.previous._at(key)
        if new is None or old is None or new < old:
            return None
        return (new - old) / self.seconds

    @property
    def _steady(self) -> float:
        return self.now if self.steady is None else self.steady

    def _at(self, key: tuple[Owner, Levels]) -> Value | None:
        at = self._places.of_series.get(key)
        return None if at is None else self.samples.values[at]

    def allocations_of(self, task: Task) -> Mapping[AllocationType, object]:
        """What this task has now, by type; empty unless the agent allocates and its cgroups could be read."""
        return self._allocations_by_task.get(task.task_id, {})

    def allocation(self, type: AllocationType, task: Task) -> object | None:
        """One of these; None if it is not known."""
        return self.allocations_of(task).get(type)

    @cached_property
    def _allocations_by_task(self) -> dict[str, dict[AllocationType, object]]:
        by_task: dict[str, dict[AllocationType, object]] = {}
        for one in self.allocations:
            by_task.setdefault(one.task_id, {}).setdefault(one.type, one.value)
        return by_task

    def forget_the_past(self) -> None:
        """Let go of the step before, so that snapshots do not chain up."""
        self.previous = None


def _name(metric: Metric | str) -> str:
    return metric.name if isinstance(metric, Metric) else metric


def _key(metric: Metric | str, task: Task | None, levels: Mapping[str, object]) -> tuple[Owner, Levels]:
    sorted_levels = tuple(sorted([(name, str(value)) for name, value in levels.items()])) if levels else ()
    return (_name(metric), task.task_id if task else None), sorted_levels


def _owner(series: Series) -> Owner:
    return series.metric.name, series.task.task_id if series.task else None


def _levels(series: Series) -> Levels:
    return tuple(sorted(series.level_labels.items())) if series.level_values or series.free_labels else ()


def _level_values(series: Series) -> tuple[str, ...]:
    return series.level_values or tuple([value for _, value in series.free_labels])
