"""One task: what is known of it without measuring, and what its cgroups use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wca_core.builtin.cgroup.source import Column
from wca_core.builtin.cgroup.task_usage import TaskUsage
from wca_core.builtin.measurement_errors import MEASUREMENT_ERRORS
from wca_core.model.metric import Block, Metric, Series, Value, counter, gauge
from wca_core.model.task import Task

UP = Metric("task_up", "1 for every task that was measured.", gauge)
LAST_SEEN = Metric("task_last_seen", "Time the task was last measured.", counter, unit="timestamp")
SUBCONTAINERS = Metric("task_subcontainers", "Containers of the task; 0 if it is a single cgroup.", gauge)
REQUESTED_CPUS = Metric("task_requested_cpus", "CPUs that the task asked its orchestrator for.", gauge)
REQUESTED_MEM = Metric(
    "task_requested_mem_bytes", "Memory that the task asked its orchestrator for.", gauge, unit="bytes"
)
TASK_METRICS = (UP, LAST_SEEN, SUBCONTAINERS, REQUESTED_CPUS, REQUESTED_MEM, MEASUREMENT_ERRORS)


class TaskMeasurement:
    """One task: what is known of it without measuring, and its usage."""

    __slots__ = ("_columns", "_fixed_values", "_task", "series", "usage")

    def __init__(self, task: Task, usage: TaskUsage) -> None:
        self.usage = usage
        self._task = task
        self._columns: Sequence[Column] = ()
        self._fixed_values = [1, len(task.subcgroups_paths), *_requested(task).values()]
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
        """Series of its own, not those that `Metric.series` remembers: remembering ten of a task takes a kilobyte."""
        if columns != self._columns:
            fixed = [(UP, ()), (SUBCONTAINERS, ()), *((metric, ()) for metric in _requested(self._task))]
            every: Iterable[Column] = [*fixed, (MEASUREMENT_ERRORS, ("cgroup",)), (LAST_SEEN, ()), *columns]
            self.series = tuple([Series(metric, self._task, levels) for metric, levels in every])
        self._columns = columns


def _requested(task: Task) -> dict[Metric, Value]:
    """What the task asked for, as far as it is told as a number."""
    asked = {REQUESTED_CPUS: task.resources.get("cpus"), REQUESTED_MEM: task.resources.get("mem")}
    return {metric: amount for metric, amount in asked.items() if isinstance(amount, int | float)}
