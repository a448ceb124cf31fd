"""One task: what is known of it without measuring, and what its cgroups use."""

from __future__ import annotations

from collections.abc import Sequence

from wca_core.builtin.cgroup.source import Column
from wca_core.builtin.cgroup.task_usage import TaskUsage
from wca_core.model.metric import Block, Metric, Series, Value, counter, gauge
from wca_core.model.task import Task

UP = Metric("task_up", "1 for every task that was measured.", gauge)
LAST_SEEN = Metric("task_last_seen", "Time the task was last measured.", counter, unit="timestamp")
SUBCONTAINERS = Metric("task_subcontainers", "Containers of the task; 0 if it is a single cgroup.", gauge)
REQUESTED_CPUS = Metric("task_requested_cpus", "CPUs that the task asked its orchestrator for.", gauge)
REQUESTED_MEM = Metric(
    "task_requested_mem_bytes", "Memory that the task asked its orchestrator for.", gauge, unit="bytes"
)
ERRORS = Metric("task_measurement_errors", "Failed measurements of the task by source.", counter, levels=("source",))
TASK_METRICS = (UP, LAST_SEEN, SUBCONTAINERS, REQUESTED_CPUS, REQUESTED_MEM, ERRORS)


class TaskMeasurement:
    """One task: what is known of it without measuring, and its usage."""

    __slots__ = ("_columns", "_fixed", "_fixed_values", "_task", "series", "usage")

    def __init__(self, task: Task, usage: TaskUsage) -> None:
        self.usage = usage
        self._task = task
        self._columns: Sequence[Column] = ()
        self._fixed = [UP.series(task), SUBCONTAINERS.series(task)]
        self._fixed_values: list[Value] = [1, len(task.subcgroups_paths)]
        for metric, resource in ((REQUESTED_CPUS, "cpus"), (REQUESTED_MEM, "mem")):
            amount = task.resources.get(resource)
            if isinstance(amount, int | float):
                self._fixed.append(metric.series(task))
                self._fixed_values.append(amount)
        self._fixed += [ERRORS.series(task, source="cgroup"), LAST_SEEN.series(task)]
        self.series: tuple[Series, ...] = ()

    @property
    def fixed(self) -> list[Value]:
        """The values before that of `LAST_SEEN`, which do not come from the cgroups."""
        return [*self._fixed_values, self.usage.errors]

    def is_showing(self, columns: Sequence[Column]) -> bool:
        """Whether `series` is for these columns."""
        return columns is self._columns

    def block(self, now: float) -> Block | None:
        """All samples of the task; None if nothing of its cgroups could be read."""
        reading = self.usage.read()
        if reading is None:
            return None
        columns, values = reading
        if not columns:
            return None
        if columns is not self._columns:
            self._use(columns)
        return Block(self.series, [*self._fixed_values, self.usage.errors, now, *values])

    def _use(self, columns: Sequence[Column]) -> None:
        if columns != self._columns:
            measured = [metric.series_at(self._task, levels) for metric, levels in columns]
            self.series = (*self._fixed, *measured)
        self._columns = columns
