"""Where in a list of series the values stand that an overview shows: looked up once for each list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from wca_core.model.metric import Series
from wca_core.model.task import Task

Places: TypeAlias = dict[str, list[int]]
"""By quantity (a metric, or a part of one) the positions of its series."""

QUANTITIES = frozenset(
    [
        *("task_cpu_usage_seconds", "task_cpu_periods", "task_cpu_throttled_periods"),
        *("task_mem_working_set_bytes", "task_mem_usage_bytes", "task_mem_limit_bytes"),
        *("task_llc_occupancy_bytes", "task_mem_bandwidth_bytes"),
        *("task_instructions", "task_cycles", "task_ipc"),
        *("platform_topology_cpus", "platform_cpu_usage", "platform_mem_total_bytes", "platform_mem_usage_bytes"),
    ]
)
"""Metrics of one series, or of several that are added up."""

PRESSURE = frozenset({"task_pressure_avg_percent", "platform_pressure_avg_percent"})
DURATION = "wca_duration_seconds"


@dataclass(slots=True)
class OfTask:
    """A task and the positions of what was measured of it."""

    task: Task
    places: Places = field(default_factory=dict)


class Layout:
    """The positions in one list of series, which is kept and must not be changed."""

    __slots__ = ("machine", "series", "tasks")

    def __init__(self, series: Sequence[Series]) -> None:
        self.series = series
        self.machine: Places = {}
        self.tasks: dict[str, OfTask] = {}
        """By task id, in the order of the series."""
        for at, one in enumerate(series):
            places = self._places_of(one)
            quantity = quantity_of(one)
            if places is not None and quantity is not None:
                places.setdefault(quantity, []).append(at)

    def places(self, task_id: str | None) -> Places:
        """Of a task (None: the machine); empty if it was not measured."""
        if task_id is None:
            return self.machine
        found = self.tasks.get(task_id)
        return found.places if found else {}

    def _places_of(self, series: Series) -> Places | None:
        task = series.task
        if task is None:
            return self.machine
        if not series.metric.name.startswith("task_"):
            return None  # an anomaly or allocation of the task: no measurement
        found = self.tasks.get(task.task_id)
        if found is None:
            found = self.tasks[task.task_id] = OfTask(task)
        return found.places


def quantity_of(series: Series) -> str | None:
    """What a series tells about its task or the machine; None if no overview shows it."""
    name = series.metric.name
    if name in PRESSURE:
        resource, kind, window = (*series.level_values, "", "", "")[:3]
        return f"{resource}_pressure" if (kind, window) == ("some", "10") else None
    if name == DURATION:
        return "step_seconds" if series.level_values == ("iteration_work",) else None
    return name if name in QUANTITIES else None
