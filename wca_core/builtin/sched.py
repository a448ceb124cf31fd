"""What the scheduler counts of the threads of each task."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from wca_core.builtin.complaints import Complaints
from wca_core.builtin.measurement_errors import MEASUREMENT_ERRORS
from wca_core.config.field_types import Between, Regexp
from wca_core.errors import CgroupGone, HostError
from wca_core.host import Host
from wca_core.linux.files import is_gone, read_file
from wca_core.linux.sched import Scheduled, WantedKeys, parse_sched, total
from wca_core.model.metric import Block, Metric, counter
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.sched")

STAT = Metric(
    "task_sched_stat",
    "Fields of /proc/TID/sched, summed over the threads that live now, so it falls when one ends; choose keys whose "
    "sum has a meaning, such as nr_.*switches|se.nr_migrations|numa_pages_migrated|total_numa_faults.",
    counter,
    levels=("key",),
)
NUMA_FAULTS = Metric(
    "task_sched_stat_numa_faults",
    "NUMA hinting faults of the threads that live now, so it falls when one ends.",
    counter,
    levels=("numa_node", "fault_type"),
)


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Sched:
    """Scheduler statistics of each task; off unless `sched` is given. It reads a file for each thread.

    Times of waiting, sleeping and blocking are counted only with `sysctl kernel.sched_schedstats=1`.
    """

    tells_its_lacks = True
    sched: bool | Regexp = False
    """Which keys: all, none, or those that an expression matches from their start."""
    sched_max_threads: Annotated[int, Between(1)] = 2000
    """Tasks with more threads are left out."""

    _errors: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    """By task id."""
    _is_offered: bool = field(default=True, init=False, repr=False)
    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return [STAT, NUMA_FAULTS, MEASUREMENT_ERRORS]

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_core.builtin.sched_needs import needs  # what it looks at is not needed to start

        return needs(is_on=self.sched is not False)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> Iterator[Block]:
        if self.sched is False:
            return
        for task in tasks:
            if self._is_offered:
                scheduled = total(self._read(host.proc, task, self._threads(task, host)))
                yield _block(task, scheduled, self._errors[task.task_id])
        for gone in self._errors.keys() - host.known_tasks.keys():
            del self._errors[gone]

    def _threads(self, task: Task, host: Host) -> frozenset[int]:
        try:
            threads = host.processes.threads(task)
        except CgroupGone as error:
            log.debug("%s", error)
        except HostError as error:
            self._errors[task.task_id] += 1
            self._complaints.tell(logging.WARNING, "threads", task.task_id, str(error))
        else:
            if len(threads) <= self.sched_max_threads:
                return threads
            message = (
                f"task {task.task_id} has {len(threads)} threads, more than {self.sched_max_threads}: it is left out"
            )
            self._complaints.tell(logging.WARNING, "many", "threads", message)
        return frozenset()

    def _read(self, proc: str, task: Task, threads: frozenset[int]) -> Iterator[Scheduled]:
        """Of each thread that still is there."""
        are_missing = bool(threads)
        for thread in threads:
            path = f"{proc}/{thread}/sched"
            try:
                yield parse_sched(read_file(path), self._wanted)
                are_missing = False
            except OSError as error:
                are_missing &= error.errno == errno.ENOENT and os.path.isdir(f"{proc}/{thread}")
                if not is_gone(error):
                    self._errors[task.task_id] += 1
                    self._complaints.tell(logging.WARNING, "unreadable", "sched", f"{path}: cannot be read: {error}")
        if are_missing:
            self._is_offered = False
            log.warning("%s: missing, so sched is off (the kernel was built without CONFIG_SCHED_DEBUG)", path)

    @cached_property
    def _wanted(self) -> WantedKeys:
        if isinstance(self.sched, bool):
            return WantedKeys(lambda key: True)
        expression = re.compile(self.sched)
        return WantedKeys(lambda key: expression.match(key) is not None)


def _block(task: Task, scheduled: Scheduled, errors: int) -> Block:
    series = [STAT.series_at(task, (key,)) for key in scheduled.stats]
    series += [NUMA_FAULTS.series_at(task, place) for place in scheduled.faults]
    series.append(MEASUREMENT_ERRORS.series_at(task, ("sched",)))
    return Block(series, [*scheduled.stats.values(), *scheduled.faults.values(), errors])
