"""Measures what each task uses, from the files of its cgroups, and tells which tasks there are.

A task that gave no measurement at all yields nothing, not even `task_up`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial

from wca_core.builtin.cgroup.descriptions import CGROUP_METRICS, IO_METRICS, IO_METRICS_BY_DEVICE, MEM_STAT
from wca_core.builtin.cgroup.files import Choice
from wca_core.builtin.cgroup.group import UNUSUAL, TaskGroup, groups_of
from wca_core.builtin.cgroup.probe import Probe
from wca_core.builtin.cgroup.reading import CgroupReading
from wca_core.builtin.cgroup.task_measurement import TASK_METRICS, TaskMeasurement
from wca_core.builtin.cgroup.task_usage import OpenReading, TaskUsage
from wca_core.config.field_types import Regexp
from wca_core.host import Host
from wca_core.model.metric import Block, Metric
from wca_core.model.task import Task
from wca_core.per_task import PerTask
from wca_core.plugin_api import hookimpl, plugin


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class CgroupMetrics:
    """CPU, memory, block I/O and threads of each task."""

    metrics: list[str] | None = None
    """Names or shell patterns of the metrics to measure; files that hold none of them are not read. None: all."""
    memory_stat: bool | Regexp = False
    """Fields of memory.stat to tell as they are (`task_mem_stat`): all, or those that match at the start."""
    io_per_device: bool = False
    """Whether I/O is told for each block device, also for those that stand on others, instead of as a sum."""

    _measurements: PerTask[TaskMeasurement] | None = field(default=None, init=False, repr=False)
    _tasks: Sequence[Task] | None = field(default=None, init=False, repr=False)
    _groups: list[TaskGroup] = field(default_factory=list, init=False, repr=False)
    _alone: list[TaskMeasurement] = field(default_factory=list, init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> Iterable[Metric]:
        by_device = dict(zip(IO_METRICS, IO_METRICS_BY_DEVICE, strict=True)) if self.io_per_device else {}
        measured = [by_device.get(metric, metric) for metric in (*CGROUP_METRICS, MEM_STAT)]
        return [*TASK_METRICS, *filter(self._choice().is_wanted, measured)]

    @hookimpl
    def start(self, host: Host) -> None:
        host.hierarchies  # noqa: B018  refuse now, with the reason, where there are no cgroups
        self._measurements = self._made_for(host)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> list[Block]:
        if self._measurements is None:
            self._measurements = self._made_for(host)
        is_steady = tasks is self._tasks
        if not is_steady:
            self._disband(list(self._groups))  # their counters must be where a changed task looks for them
        measurements = self._measurements.of(tasks, host.known_tasks)
        if not is_steady:
            self._tasks, self._alone = tasks, list(measurements)
        now = host.clock.now()
        blocks = [*self._grouped(now)]
        blocks += [block for measurement in self._alone if (block := measurement.block(now)) is not None]
        if tasks and not blocks:
            host.look_again()  # something may have been mounted or unmounted
        if is_steady and self._alone:
            groups, self._alone = groups_of(self._alone)
            self._groups += groups
        return blocks

    def _grouped(self, now: float) -> Iterator[Block]:
        """The blocks of all groups; the members of one that fails are read one by one, in this step too."""
        failed = []
        for group in self._groups:
            try:
                yield group.block(now)
            except UNUSUAL:
                failed.append(group)
        self._disband(failed)

    def _disband(self, groups: Sequence[TaskGroup]) -> None:
        for group in groups:
            group.disband()
            self._groups.remove(group)
            self._alone += group.members

    @hookimpl
    def stop(self) -> None:
        if self._measurements is not None:
            self._measurements.close()

    def _made_for(self, host: Host) -> PerTask[TaskMeasurement]:
        probe = Probe(host, self._choice())

        def opener(task: Task) -> OpenReading:
            return partial(CgroupReading, probe, task)

        def make(task: Task) -> TaskMeasurement:
            return TaskMeasurement(task, TaskUsage(task.cgroup_paths, opener(task)))

        def change(old: TaskMeasurement, task: Task) -> TaskMeasurement:
            old.usage.go_on_with(task.cgroup_paths, opener(task))
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
