"""`perf`: what the CPUs count for each task, through groups of perf events that follow its cgroups."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from wca_core.builtin.complaints import Complaints
from wca_core.config.field_types import ReadablePath
from wca_core.host import Host
from wca_core.model.metric import Block, Metric
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.per_task import PerTask
from wca_core.plugin_api import hookimpl, plugin
from wca_rdt.perf.admission import Policy
from wca_rdt.perf.counters import CgroupCounters
from wca_rdt.perf.cpus import CPUSET, CountedCpus, IsCpus, cpuset_of
from wca_rdt.perf.derived import Derivation
from wca_rdt.perf.descriptions import DESCRIPTORS, Descriptions
from wca_rdt.perf.descriptors import Descriptors
from wca_rdt.perf.events import Event, IsEventName
from wca_rdt.perf.of_task import Means, TaskCounters
from wca_rdt.perf.place import directory_of
from wca_rdt.perf.plan import Plan
from wca_rdt.perf.preparation import Wishes, prepared, tell
from wca_rdt.perf.samples import TaskSamples
from wca_rdt.perf.sweep import Sweep

log = logging.getLogger("wca.perf")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Perf:
    """Counters of the CPUs and of the kernel for each task; off unless `event_names` is given."""

    tells_its_lacks = True
    event_names: list[Annotated[str, IsEventName()]] = field(default_factory=list)
    """What to count: generic names, those of this CPU, and raw events."""
    perf_aggregate_cpus: bool = True
    """Over CPUs; false: each CPU has samples of its own."""
    enable_derived_metrics: bool = False
    """Ratios and rates of what is counted."""
    perf_event_policy: Policy = "available"
    """What happens with events that cannot be counted: left out, refused, or counted by turns."""
    perf_exclude_guest: bool = True
    """Work of virtual machines is not counted: for tasks that are some, set it to false."""
    perf_event_map: ReadablePath | None = None
    """A file with codes of events, or a folder with the lists that makers publish (`mapfile.csv`)."""
    event_names_approximate: bool = False
    """Where a CPU counts no such event, take one that is near."""
    perf_cpus: Annotated[str | int, IsCpus()] | None = None
    """On which CPUs: a list, or `cpuset` for those that the task may use; None: all."""

    _means: Means | None = field(default=None, init=False, repr=False)
    _tasks: PerTask[TaskCounters] | None = field(default=None, init=False, repr=False)
    _sweep: Sweep | None = field(default=None, init=False, repr=False)
    _cpus: CountedCpus | None = field(default=None, init=False, repr=False)
    _events: Sequence[Event] = field(default=(), init=False, repr=False)
    _derivation: Derivation | None = field(default=None, init=False, repr=False)
    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def start(self, host: Host) -> None:
        if not self.event_names:
            return
        found = prepared(self._wishes, host)
        tell(found)
        self._events = found.plan.events
        if not self._events:
            return
        self._cpus = CountedCpus(self.perf_cpus)
        if not self._cpus.now(host.platform):
            log.warning("perf_cpus: none of the CPUs %s is online: nothing is counted until one is", self.perf_cpus)
        self._means = Means(Descriptors(host.open_files), self._complaints)
        self._tasks = self._made_for(host, found.plan, self._means)
        if self.enable_derived_metrics:
            self._derivation = Derivation([event.name for event in self._events])

    @hookimpl
    def stop(self) -> None:
        if self._tasks is not None:
            self._tasks.close()

    @hookimpl
    def describe_metrics(self) -> list[Metric]:
        return self._descriptions.every(self._events)

    @hookimpl
    def requirements(self) -> list[Requirement]:
        from wca_rdt.perf.needs import needs  # what it looks at is not needed to start

        return needs(self._wishes)

    @hookimpl
    def collect_metrics(self, tasks: Sequence[Task], host: Host) -> Iterator[Block]:
        if self._means is None or self._tasks is None or self._cpus is None:
            return
        cpus = self._cpus.now(host.platform)
        states = self._tasks.of(tasks, host.known_tasks)
        if self._sweep is None or self._sweep.states is not states or self._sweep.cpus is not cpus:
            turn = self._sweep.round if self._sweep is not None else 0
            self._sweep = Sweep(states, cpus, self._means.descriptors, len(self._events))
            self._sweep.round = turn
        self._sweep.read()
        yield from self._sweep.blocks(self._derivation, host.clock.monotonic())
        yield Block((DESCRIPTORS.series(),), (self._means.descriptors.held,))

    @property
    def sweep(self) -> Sweep | None:
        """What reads all counters; None before the first step with tasks, or if nothing is counted."""
        return self._sweep

    @cached_property
    def _descriptions(self) -> Descriptions:
        return Descriptions(aggregates=self.perf_aggregate_cpus)

    @property
    def _wishes(self) -> Wishes:
        return Wishes(
            names=self.event_names,
            policy=self.perf_event_policy,
            exclude_guest=self.perf_exclude_guest,
            aggregates=self.perf_aggregate_cpus,
            event_map=self.perf_event_map,
            approximate=self.event_names_approximate,
        )

    def _made_for(self, host: Host, plan: Plan, means: Means) -> PerTask[TaskCounters]:
        descriptions = self._descriptions

        def counters(task: Task, path: str) -> CgroupCounters:
            made = CgroupCounters(directory_of(host.hierarchies, task, path), plan, means.descriptors)
            if self.perf_cpus == CPUSET:
                made.cpuset = cpuset_of(host.hierarchies, task, path)
            return made

        def cgroups(task: Task) -> list[CgroupCounters]:
            return [counters(task, path) for path in task.cgroup_paths]

        return PerTask(
            lambda task: TaskCounters(TaskSamples(task, plan, descriptions), cgroups(task), means),
            change=lambda old, task: old.of_changed(task, cgroups(task)),
            close=TaskCounters.close,
        )
