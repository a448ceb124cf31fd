"""The plugin: asks each kind of resource what is in force, what a wish comes to, and which writes make it so."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from wca_core.builtin.cgroup_control.bandwidth import Bandwidth
from wca_core.builtin.cgroup_control.cpusets import Cpuset, MemoryMigrate
from wca_core.builtin.cgroup_control.directories import Directories, directories, is_there
from wca_core.builtin.cgroup_control.in_force import InForce
from wca_core.builtin.cgroup_control.memory import NAMES, Memory
from wca_core.builtin.cgroup_control.needs import needs
from wca_core.builtin.cgroup_control.qos import qos_classes
from wca_core.builtin.cgroup_control.resource import Resource, Together, answer, ended, refusal
from wca_core.builtin.cgroup_control.shares import Shares
from wca_core.builtin.cgroup_control.units import Units, units_of
from wca_core.builtin.cgroup_control.weight_choice import WeightChoice
from wca_core.builtin.complaints import Complaints
from wca_core.errors import ContractError
from wca_core.host import Host
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.platform import Platform
from wca_core.model.requirement import Requirement
from wca_core.model.task import Task
from wca_core.model.write import Change, Write
from wca_core.plugin_api import hookimpl, plugin

log = logging.getLogger("wca.cgroup-control")

ALWAYS = frozenset(
    {
        AllocationType.CPU_QUOTA,
        AllocationType.CPU_SHARES,
        AllocationType.CPUSET_CPUS,
        AllocationType.CPUSET_MEMS,
        AllocationType.CPUSET_MEMORY_MIGRATE,
    }
)
"""Told in every step; the others only once they were wished, as each costs a file of every task."""

COARSE_PERIOD = 10000
"""us: with a shorter period the least quota, 1000 us, is a large part of a CPU."""


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class CgroupControl:
    """CPU and memory that tasks may use, by the files of their cgroups."""

    _resources: tuple[Resource, ...] = field(default=(), init=False, repr=False)
    _in_force: InForce | None = field(default=None, init=False, repr=False)
    _tasks: Sequence[Task] = field(default=(), init=False, repr=False)
    _units: tuple[Platform, Units] | None = field(default=None, init=False, repr=False)
    _choice: WeightChoice = field(default_factory=WeightChoice, init=False, repr=False)
    _complaints: Complaints = field(default_factory=lambda: Complaints(log), init=False, repr=False)

    @hookimpl
    def requirements(self) -> list[Requirement]:
        return needs()

    @hookimpl
    def start(self, host: Host) -> None:
        """Nothing is opened yet: there are no tasks."""
        self._resources = _resources(host)
        self._in_force = InForce(self._resources, host, ALWAYS)

    @hookimpl
    def stop(self) -> None:
        if self._in_force is not None:
            self._in_force.close()

    @hookimpl
    def read_allocations(self, tasks: Sequence[Task], host: Host) -> Iterator[Allocation]:
        """What is in force of every task whose cgroup is there."""
        self._tasks = tasks
        self._read.read(tasks)
        yield from self._read.allocations(self._current_units(host))

    @hookimpl
    def check_allocations(self, changes: Sequence[Change], host: Host) -> Iterator[Allocation | Refusal]:
        """One answer to each wish of a type that is written here."""
        own = [change for change in changes if change.wanted.type in self._types]
        self._read.look_also(frozenset(change.wanted.type for change in own))
        units = self._current_units(host)
        self._warn(own, units)
        for together in _by_task(own):
            task = next(iter(together.values())).task
            has_ended = not self._read.texts(task.task_id) and not is_there(host, task)
            for change in together.values():
                yield ended(change) if has_ended else self._answer(change, together, units)

    @hookimpl
    def plan_writes(self, changes: Sequence[Change], host: Host) -> Iterator[Write]:
        """Within a task: NUMA nodes, CPUs, shares, bandwidth, memory."""
        units = self._current_units(host)
        for together in _by_task(change for change in changes if change.wanted.type in self._types):
            texts = self._read.texts(next(iter(together.values())).task.task_id)
            for resource in self._resources:
                if any(type in together for type in resource.types):
                    yield from resource.writes(together, texts, units)

    @property
    def _read(self) -> InForce:
        assert self._in_force is not None, "the agent starts a plugin before it asks it"
        return self._in_force

    @property
    def _types(self) -> frozenset[AllocationType]:
        return frozenset(type for resource in self._resources for type in resource.types)

    def _answer(self, change: Change, together: Together, units: Units) -> Allocation | Refusal:
        type = change.wanted.type
        resource = next(one for one in self._resources if type in one.types)
        try:
            self._check_classes(type)
            return answer(change, resource.settled(change, self._read.texts(change.task.task_id), units, together))
        except ContractError as error:
            return refusal(change, error)
        except ValueError as error:
            return Refusal(change.wanted.task_id, type, f"what is in force cannot be read: {error}")

    def _check_classes(self, type: AllocationType) -> None:
        if type is AllocationType.CPU_SHARES and len(found := qos_classes(self._tasks)) > 1:
            raise ContractError(
                f"pods of one QoS class expected, found {', '.join(sorted(found))}: "
                "shares weigh only among pods of the same class"
            )

    def _warn(self, changes: Sequence[Change], units: Units) -> None:
        if units.period < COARSE_PERIOD and any(change.wanted.type is AllocationType.CPU_QUOTA for change in changes):
            text = (
                f"with cpu_quota_period {units.period} the least cpu_quota is {1000 / units.period:g} CPUs; "
                "allocation_configuration.cpu_quota_period 100000 is recommended"
            )
            self._complaints.tell(logging.WARNING, "period", "", text)

    def _current_units(self, host: Host) -> Units:
        platform, formula = host.platform, self._choice.formula(self._tasks, host)
        if self._units is None or self._units[0] is not platform or self._units[1].formula != formula:
            self._units = platform, units_of(host, formula)
        return self._units[1]


def _resources(host: Host) -> tuple[Resource, ...]:
    """In the order in which a task's are written: v1 wants to know whether pages move before the nodes change."""
    cpu, cpuset, memory = (partial(_directories, host, name) for name in ("cpu", "cpuset", "memory"))
    return (
        MemoryMigrate(cpuset),
        Cpuset(AllocationType.CPUSET_MEMS, cpuset),
        Cpuset(AllocationType.CPUSET_CPUS, cpuset),
        Shares(cpu),
        Bandwidth(cpu),
        *(Memory(type, memory) for type in NAMES),
    )


def _directories(host: Host, controller: str, task: Task) -> Directories | None:
    """The hierarchies are asked anew each time: they may be mounted while the agent runs."""
    return directories(host.hierarchies, controller, task)


def _by_task(changes: Iterable[Change]) -> list[dict[AllocationType, Change]]:
    """What is changed together of each task."""
    found: dict[str, dict[AllocationType, Change]] = {}
    for change in changes:
        found.setdefault(change.task.task_id, {})[change.wanted.type] = change
    return list(found.values())
