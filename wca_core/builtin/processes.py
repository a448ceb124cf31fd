"""How many processes and threads each task has."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wca_core.builtin.complaints import Complaints
from wca_core.errors import CgroupGone, HostError
from wca_core.host import Host
from wca_core.model.metric import Metric, Sample, gauge
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.processes")

PROCESSES = Metric("task_processes", "Processes of the task, with those in cgroups below its own.", gauge)
THREADS = Metric("task_threads", "Threads of the task, with those in cgroups below its own.", gauge)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class PidCounts:
    """Processes and threads of each task, counted one by one; `task_pids` is cheaper."""

    tells_its_lacks = True
    pid_counts: bool = True

    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [PROCESSES, THREADS]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_core.needs import host_processes  # what it looks at is not needed to start

        return [host_processes("task_processes, task_threads", "" if self.pid_counts else "pid_counts")]

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> Iterator[Sample]:
        for task in tasks if self.pid_counts else ():
            try:
                processes, threads = host.processes.processes(task), host.processes.threads(task)
            except CgroupGone as error:
                log.debug("%s", error)
            except HostError as error:
                self._complaints.tell(logging.WARNING, "processes", task.task_id, str(error))
            else:
                yield PROCESSES.sample(len(processes), task)
                yield THREADS.sample(len(threads), task)
