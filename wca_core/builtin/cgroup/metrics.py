"""Measures what each task uses, from the files of its cgroups, and tells which tasks there are.

A task that gave no measurement at all yields nothing, not even `task_up`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial

from wca_core.builtin.cgroup.descriptions import CGROUP_METRICS, IO_METRICS, IO_METRICS_BY_DEVICE, MEM_STAT
from wca_core.builtin.cgroup.files import Choice
from wca_core.builtin.cgroup.grouping import Grouping
from wca_core.builtin.cgroup.probe import Probe
from wca_core.builtin.cgroup.reading import Opener
from wca_core.builtin.cgroup.task_measurement import TASK_METRICS, TaskMeasurement
from wca_core.builtin.cgroup.task_usage import TaskUsage
from wca_core.config.field_types import Regexp
from wca_core.host import Host
from wca_core.model.metric import Block, Metric
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.per_task import PerTask
from wca_core.plugin_api import hookimpl, plugin


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class CgroupMetrics:
    """CPU, memory, block I/O and threads of each task."""

    tells_its_lacks = True
    metrics: list[str] | None = None
    """Names or shell patterns of the metrics to measure; files that hold none of them are not read. None: all."""
    memory_stat: bool | Regexp = False
    """Fields of memory.stat to tell as they are (`task_mem_stat`): all, or those that match at the start."""
    io_per_device: bool = False
    """Whether I/O is told for each block device, also for those that stand on others, instead of as a sum."""

    _measurements: PerTask[TaskMeasurement] | None = field(default=None, init=False, repr=False)
    _tasks: Sequence[Task] | None = field(default=None, init=False, repr=False)
    _grouping: Grouping = field(default_factory=Grouping, init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        by_device = dict(zip(IO_METRICS, IO_METRICS_BY_DEVICE, strict=True)) if self.io_per_device else {}
        measured = [by_device.get(metric, metric) for metric in (*CGROUP_METRICS, MEM_STAT)]
        return [*TASK_METRICS, *filter(self._choice().is_wanted, measured)]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_core.builtin.cgroup.needs import needs  # what it looks at is not needed to start

        return needs(self.describe_metrics())

    @hookimpl
    def start(self, host: Host) -> None:
        host.hierarchies  # noqa: B018  refuse now, with the reason, where there are no cgroups
        self._measurements = self._made_for(host)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> list[Block]:
        if self._measurements is None:
            self._measurements = self._made_for(host)
        if tasks is not self._tasks:
            self._grouping.settle()
            self._tasks = tasks
        self._grouping.keep(self._measurements.of(tasks, host.known_tasks))
        blocks = [*self._grouping.blocks(host.clock.now())]
        self._grouping.regroup()
        if tasks and not blocks:
            host.look_again()  # something may have been mounted or unmounted
        return blocks

    @hookimpl
    def stop(self) -> None:
        if self._measurements is not None:
            self._measurements.close()

    def _made_for(self, host: Host) -> PerTask[TaskMeasurement]:
        probe = Probe(host, self._choice())

        def make(task: Task) -> TaskMeasurement:
            return TaskMeasurement(task, TaskUsage(task.cgroup_paths, Opener(probe, task)))

        def change(old: TaskMeasurement, task: Task) -> TaskMeasurement:
            old.usage.go_on_with(task.cgroup_paths, Opener(probe, task))
            return TaskMeasurement(task, old.usage)

        return PerTask(make, change=change, close=lambda measurement: measurement.usage.close())

    def _choice(self) -> Choice:
        keys = self.memory_stat if isinstance(self.memory_stat, str) else ""
        return Choice(
            is_wanted=(lambda _: True) if self.metrics is None else partial(_matches, tuple(self.metrics)),
            memory_stat=re.compile(keys) if self.memory_stat is not False else None,
            io_per_device=self.io_per_device,
        )


def _matches(patterns: tuple[str, ...], metric: Metric) -> bool:
    return any(fnmatchcase(metric.name, pattern) for pattern in patterns)
