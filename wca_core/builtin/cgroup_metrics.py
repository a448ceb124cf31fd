"""Measures what each task uses, from the files of its cgroups, and tells which tasks there are.

A task that gave no measurement at all yields nothing, not even `task_up`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, partial

from wca_core.builtin.cgroup_descriptions import CGROUP_METRICS
from wca_core.builtin.cgroup_files import Column
from wca_core.builtin.cgroup_probe import Complaints, Wanted
from wca_core.builtin.cgroup_reading import CgroupReading
from wca_core.builtin.task_usage import OpenReading, TaskUsage
from wca_core.host import Host
from wca_core.model.metric import Block, Metric, Series, Value, counter, gauge
from wca_core.model.task import Task
from wca_core.per_task import PerTask
from wca_core.plugin_api import hookimpl, plugin

UP = Metric("task_up", "1 for every task that was measured.", gauge)
LAST_SEEN = Metric("task_last_seen", "Time the task was last measured.", counter, unit="timestamp")
SUBCONTAINERS = Metric("task_subcontainers", "Containers of the task; 0 if it is a single cgroup.", gauge)
REQUESTED_CPUS = Metric("task_requested_cpus", "CPUs that the task asked its orchestrator for.", gauge)
REQUESTED_MEM = Metric(
    "task_requested_mem_bytes", "Memory that the task asked its orchestrator for.", gauge, unit="bytes"
)
ERRORS = Metric("task_measurement_errors", "Failed measurements of the task by source.", counter, levels=("source",))
TASK_METRICS = (UP, LAST_SEEN, SUBCONTAINERS, REQUESTED_CPUS, REQUESTED_MEM, ERRORS)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class CgroupMetrics:
    """CPU and memory of each task."""

    metrics: list[str] | None = None
    """Names or shell patterns of the metrics to measure; files that hold none of them are not read. None: all."""

    _measurements: PerTask[TaskMeasurement] | None = field(default=None, init=False, repr=False)
    _complaints: Complaints = field(default_factory=Complaints, init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        wanted = self._wanted()
        return [metric for metric in (*TASK_METRICS, *CGROUP_METRICS) if metric in TASK_METRICS or wanted(metric)]

    @hookimpl
    def start(self, host: Host) -> None:
        host.hierarchies  # noqa: B018  refuse now, with the reason, where there are no cgroups
        self._measurements = self._made_for(host)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> Iterator[Block]:
        if self._measurements is None:
            self._measurements = self._made_for(host)
        now = host.clock.now()
        for measurement in self._measurements.of(tasks, host.known_tasks):
            block = measurement.block(now)
            if block is not None:
                yield block

    @hookimpl
    def stop(self) -> None:
        if self._measurements is not None:
            self._measurements.close()

    def _made_for(self, host: Host) -> PerTask[TaskMeasurement]:
        wanted = self._wanted()

        def opener(task: Task) -> OpenReading:
            return lambda path: CgroupReading(host, task, path, wanted, self._complaints)

        def make(task: Task) -> TaskMeasurement:
            return TaskMeasurement(task, TaskUsage(task.cgroup_paths, opener(task)))

        def change(old: TaskMeasurement, task: Task) -> TaskMeasurement:
            old.usage.go_on_with(task.cgroup_paths, opener(task))
            return TaskMeasurement(task, old.usage)

        return PerTask(make, change=change, close=lambda measurement: measurement.usage.close())

    def _wanted(self) -> Wanted:
        if self.metrics is None:
            return lambda _: True
        return cache(partial(_matches, tuple(self.metrics)))


class TaskMeasurement:
    """One task: what is known of it without measuring, and its usage."""

    __slots__ = ("_columns", "_fixed", "_fixed_values", "_series", "_task", "usage")

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
        self._series: tuple[Series, ...] = ()

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
        return Block(self._series, [*self._fixed_values, self.usage.errors, now, *values])

    def _use(self, columns: Sequence[Column]) -> None:
        if columns != self._columns:
            measured = [metric.series_at(self._task, levels) for metric, levels in columns]
            self._series = (*self._fixed, *measured)
        self._columns = columns


def _matches(patterns: tuple[str, ...], metric: Metric) -> bool:
    return any(fnmatchcase(metric.name, pattern) for pattern in patterns)
