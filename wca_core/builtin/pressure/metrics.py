"""Pressure stall information: how long work waited for CPUs, memory, I/O and interrupts, of the machine and each task.

The kernel averages over 10, 60 and 300 seconds and counts all time. Tasks have it on cgroup v2 only; on a hybrid host
where the same path is in the unified tree too.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wca_core.builtin.complaints import Complaints
from wca_core.builtin.pressure.files import PressureFiles, PressureSeries, values_of
from wca_core.builtin.pressure.of_tasks import TASK_PRESSURE, CgroupPressure, TaskPressure
from wca_core.host import Host
from wca_core.linux.cgroup import Tree
from wca_core.model.metric import Block, Metric, counter, gauge
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.per_task import PerTask
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.psi")

AVERAGE = Metric(
    "platform_pressure_avg_percent",
    "Share of the last 10, 60 or 300 seconds in which some or all of the work waited for a resource.",
    gauge,
    unit="percent",
    levels=("resource", "kind", "window"),
)
STALL = Metric(
    "platform_pressure_stall_seconds",
    "Time in which some or all of the work waited for a resource.",
    counter,
    unit="seconds",
    levels=("resource", "kind"),
)

ALWAYS_ZERO = ("cpu", "full")
"""On a machine some work runs whenever some waits for a CPU; the kernel prints it so that all files look alike."""

_NOT_OFFERED = (errno.ENOENT, errno.EOPNOTSUPP)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Pressure:
    """Time lost by waiting for resources, of the machine and of each task."""

    tells_its_lacks = True
    psi: bool = True

    _machine: PressureFiles | None = field(default=None, init=False, repr=False)
    _series: PressureSeries = field(default_factory=lambda: PressureSeries(AVERAGE, STALL), init=False, repr=False)
    _tasks: PerTask[TaskPressure] | None = field(default=None, init=False, repr=False)
    _tree: Tree | None = field(default=None, init=False, repr=False)
    _is_offered: bool = field(default=True, init=False, repr=False)
    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [AVERAGE, STALL, *TASK_PRESSURE]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_core.builtin.pressure.needs import needs  # what it looks at is not needed to start

        return needs(is_on=self.psi)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> Iterator[Block]:
        if not (self.psi and self._is_offered):
            return
        yield from self._of_machine(host)
        if self._is_offered and tasks and host.hierarchies.unified is not None:
            if self._tasks is None or self._tree != host.hierarchies.unified:
                self._forget_tasks()
                self._tree = host.hierarchies.unified
                self._tasks = self._made_for(host, self._tree)
            blocks = [state.block() for state in self._tasks.of(tasks, host.known_tasks)]
            yield from (block for block in blocks if block is not None)

    @hookimpl
    def stop(self) -> None:
        for opened in (self._machine, self._tasks):
            if opened is not None:
                opened.close()

    def _forget_tasks(self) -> None:
        """The tree was mounted elsewhere."""
        if self._tasks is not None:
            self._tasks.close()

    def _of_machine(self, host: Host) -> Iterator[Block]:
        try:
            if self._machine is None:
                self._machine = PressureFiles(host.open_files, f"{host.proc}/pressure/{{}}")
            self._machine.read()
        except (OSError, ValueError) as error:
            self._tell(error)
            return
        shown = [at for at, place in enumerate(self._machine.places) if place != ALWAYS_ZERO]
        series = self._series.of([self._machine.places[at] for at in shown])
        yield Block(series, values_of([self._machine.stalls[at] for at in shown]))

    def _tell(self, error: OSError | ValueError) -> None:
        if isinstance(error, OSError) and error.errno in _NOT_OFFERED:
            self._is_offered = False
            log.info("the kernel tells of no pressure (CONFIG_PSI, boot parameter psi=1): %s", error)
        else:
            self._complaints.tell(logging.WARNING, "unreadable", "pressure", f"/proc/pressure: cannot be read: {error}")

    def _made_for(self, host: Host, tree: Tree) -> PerTask[TaskPressure]:
        def cgroups(task: Task) -> list[CgroupPressure]:
            return [CgroupPressure(tree.at(path), host.open_files) for path in task.cgroup_paths]

        return PerTask(
            lambda task: TaskPressure(task, cgroups(task), self._complaints),
            change=lambda old, task: old.of_changed(task, cgroups(task)),
            close=TaskPressure.close,
        )
